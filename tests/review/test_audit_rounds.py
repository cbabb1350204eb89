"""An audit and the rounds around it: its pile stays, and what it found is used and kept."""

from __future__ import annotations

from pathlib import Path

from bs4 import BeautifulSoup

from app.config import Settings
from app.labelers.tasks import prepare
from app.models import Project
from app.review.service import fill_review
from ml.contract import Manifest
from ml.rundir import MANIFEST
from tests import factories
from tests.finished import add_job
from tests.review.auditing import check, page, sample, send
from tests.review.conftest import Room, Tab, add_round
from tests.web import on_sqlite


@on_sqlite
def test_a_changed_pile_is_not_drawn_from_further(room: Room, auditor: Tab):
    send(auditor, size="5", plan="open")
    check(room, auditor, 5)
    other = next(image for image in room.images[2:] if image not in sample(room))
    auditor.client.post(f"/projects/{room.project}/images/{other}/doubt")
    refused = send(auditor, "/more", count="5")
    assert refused.status_code == 409
    assert "has changed" in refused.text


@on_sqlite
def test_a_new_round_leaves_the_sample_waiting_and_makes_the_statement_history(room: Room, auditor: Tab):
    send(auditor, size="10")
    drawn = sample(room)
    check(room, auditor, 4)
    add_round(room, number=2)
    assert set(auditor.ids(20, pile="audit")) | set(drawn[:4]) == set(drawn)
    check(room, auditor, 6)
    said = page(auditor)
    assert "the labelers have learnt again since" in said
    assert "It speaks of what round 1 had accepted, 28 labels." in said


@on_sqlite
def test_an_audits_answers_begin_no_round_that_would_change_the_pile(room: Room, auditor: Tab):
    from app.labelers.queries import count_answers_since

    send(auditor, size="5")
    check(room, auditor, 5)
    with room.database.read() as session:
        assert count_answers_since(session, room.project, None, 100) == 0


@on_sqlite
def test_a_round_learns_which_answers_are_an_audits_and_takes_them_for_no_sample_of_the_whole_pile(
    room: Room, settings: Settings, tmp_path: Path
):
    tab = room.tab()
    seeded = tab.ids(2)
    for image in seeded:
        tab.answer(image, room.classes[1])
    add_round(room)
    send(tab, size="5")
    check(room, tab, 4)
    checked = sample(room)[:4]
    with room.database.write() as session:
        job = add_job(session, session.get_one(Project, room.project))
        job.spec = {"models": []}
    prepare(room.database, settings, job, tmp_path)
    manifest = Manifest.from_json((tmp_path / MANIFEST).read_text())
    told = zip(manifest.image_ids, manifest.at_random, manifest.audited, strict=True)
    assert {(image, drawn, audited) for image, drawn, audited in told if drawn or audited} == {
        *((image, True, False) for image in seeded),
        *((image, False, True) for image in checked),
    }


@on_sqlite
def test_ending_lets_unclear_images_of_the_sample_wait_for_review(room: Room, auditor: Tab):
    send(auditor, size="28")
    with room.database.write() as session:
        project = session.get_one(Project, room.project)
        closed, open_ = project.classes
        factories.add_round(session, project, {i: [(closed, 0.7), (open_, 0.6)] for i in room.images}, 2)
        fill_review(session, room.project, dict.fromkeys(room.images, 0.5))
    send(auditor, "/end")
    assert len(auditor.ids(40, pile="review")) == 30


@on_sqlite
def test_the_overview_keeps_what_the_audit_of_an_earlier_round_found(room: Room, auditor: Tab):
    def stage() -> str:
        answer = auditor.client.get(f"/projects/{room.project}", headers={"Accept": "text/html"})
        parts = BeautifulSoup(answer.text, "html.parser").select(".stage")
        return next(
            " ".join(part.get_text(" ").split()) for part in parts if part.get_text().strip()[:5] == "Audit"
        )

    send(auditor, size="20")
    check(room, auditor, 5)
    assert stage() == "Audit under way 5"
    check(room, auditor, 15)
    assert stage() == "Audit ≤ 13.9 % wrong, 95 % 20"
    add_round(room, 2)
    assert stage() == "Audit ≤ 13.9 % wrong in round 1 20"
    send(auditor, size="3")
    send(auditor, "/end")
    assert stage() == "Audit ended early 0"
