"""The effort page: what answers cost and bought, and a sentence that does not promise more than is known."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from app.db import Database
from app.labelers.advice import Audited, Known, advise
from app.labelers.effort import count_corrections, proposal
from app.models import Annotation, AuditPlan, Image, Project, User
from app.review import audit
from ml.forecast import Point
from tests.conftest import SignIn
from tests.factories import add_images, add_project, add_round, add_user
from tests.web import on_sqlite


def falling(*shares: float) -> list[Point]:
    return [Point(100 + 50 * i, share, share * 0.7, share * 1.4) for i, share in enumerate(shares)]


def known(*shares: float, **changes: object) -> Known:
    facts = {"rounds": len(shares), "images": 4000, "unclear": 500, "seconds_each": 2.0, "target": 0.02}
    return Known(points=falling(*shares), **{**facts, **changes})  # type: ignore[arg-type]


def test_under_the_aim_it_says_stop():
    advice = advise(known(0.03, 0.015, 0.01))
    assert advice.title == "Stop now"
    assert "about 1.0 % of all labels would be wrong now, 0.7 % to 1.4 %" in advice.sentence
    assert "an audit proves it" in advice.sentence


def test_the_aim_is_the_projects():
    assert advise(known(0.03, 0.015, 0.01, target=0.005)).title != "Stop now"
    easy = advise(known(0.08, 0.055, 0.05, target=0.1))
    assert easy.title == "Stop now"
    assert "the aim is 10.0 %" in easy.sentence


def test_an_estimate_whose_range_reaches_over_the_aim_is_no_reason_to_stop():
    assert advise(known(0.03, 0.025, 0.018)).title != "Stop now"


def test_how_many_more_answers_and_minutes_with_a_range():
    advice = advise(known(0.08, 0.055, 0.042, 0.034))
    assert advice.title.startswith("About ")
    assert "more answers, " in advice.title
    assert "minute" in advice.title
    assert " could do; " in advice.sentence


def test_where_the_aim_may_be_reached_already_an_audit_is_worth_more_than_answers():
    maybe = known(0.05, 0.035, 0.025)
    assert advise(maybe).sentence.endswith("An audit tells sooner.")
    assert not advise(replace(maybe, audited=Audited(236, 2, 0.026))).sentence.endswith("sooner.")
    assert not advise(known(0.08, 0.055, 0.042, 0.034)).sentence.endswith("sooner.")


def test_it_never_asks_for_more_answers_than_there_are_unclear_images():
    advice = advise(known(0.08, 0.055, 0.042, 0.034, unclear=30))
    assert advice.title == "The 30 unclear images, 1 minute"
    assert advice.sentence.endswith("With them every image is labelled.")


@pytest.mark.parametrize(("rounds", "left"), [(1, "2 more rounds"), (2, "1 more round ")])
def test_before_three_rounds_it_says_that_it_is_too_early(rounds: int, left: str):
    advice = advise(known(*[0.08, 0.05][:rounds]))
    assert advice.title == "Too early to say how many answers it takes"
    assert f"After {left.strip()} it can be said" in advice.sentence


def test_estimates_that_do_not_fall_promise_nothing():
    assert advise(known(0.05, 0.055, 0.052, 0.054)).title == "More answers may not be enough"


def test_without_rounds_or_estimates_it_invents_none():
    assert advise(known(rounds=0)).title == "Nothing is known yet"
    assert advise(known(rounds=1)).title == "An audit tells"
    assert "at most 3.0 %" in advise(known(rounds=1, audited=Audited(99, 0, 0.03))).sentence


def test_an_audit_that_contradicts_the_estimate_is_believed():
    sure = known(0.03, 0.015, 0.01, accepted_wrong=Point(200, 0.008, 0.005, 0.012))
    assert advise(sure).title == "Stop now"
    found = known(
        0.03, 0.015, 0.01, accepted_wrong=Point(200, 0.008, 0.005, 0.012), audited=Audited(100, 8, 0.14)
    )
    advice = advise(found)
    assert advice.contradicted
    assert "8 of 100" in advice.sentence
    agreeing = known(0.03, 0.01, accepted_wrong=Point(200, 0.008, 0.005, 0.012), audited=Audited(100, 2, 0.06))
    assert not advise(agreeing).contradicted


def test_a_proposal_is_what_most_labelers_say():
    says = [("a", 1, 0.6), ("b", 2, 0.9), ("c", 1, 0.7)]
    opinions = [{"labeler": name, "class_id": c, "confidence": sure} for name, c, sure in says]
    assert proposal(opinions) == 1
    assert proposal(opinions[:2]) == 2
    assert proposal([]) is None


REPORT = {
    "splits": {"train": 12, "val": 0}, "agreed": 20, "disagreed": 20, "classes": ["closed", "open"],
    "counts": [[0, 20], [0, 20]], "cross_table": None, "accepted_by_class": [0, 20], "seconds": 3.0, "notes": [],
    "environment": {"torch": "2", "device": "cpu", "code": "1"}, "manifest_sha256": "0" * 64,
    "image_set": "0" * 64, "seed": 0,
}  # fmt: skip


def share(value: float) -> dict[str, float]:
    return {"estimate": value, "low": value / 2, "high": value * 2, "checked": 0, "wrong": 0, "bound": 1.0}


@pytest.fixture
def project(database: Database) -> Project:
    """Three rounds; the first twenty images are accepted as open, the others unclear."""
    with database.write() as session:
        project = add_project(session, recipe="squint")
        images = add_images(session, project, 40)
        closed, open_ = project.classes
        sure, unsure = [(open_, 0.9), (open_, 0.9)], [(closed, 0.6), (open_, 0.7)]
        says = {image.id: sure if n < 20 else unsure for n, image in enumerate(images)}
        for number, wrong in ((1, 0.08), (2, 0.05), (3, 0.04)):
            made = add_round(session, project, says, number)
            made.recipe = "squint"
            for labeler in made.labelers:
                labeler.metrics = {
                    "weight": 0.5,
                    "error": 0.1,
                    "error_low": 0.0,
                    "error_high": 0.2,
                    "checked": 20,
                }
            made.report = {
                **REPORT, "splits": {"train": 4 + 4 * number, "val": 0}, "all_wrong": share(wrong),
                "accepted_wrong": share(wrong / 4),
            }  # fmt: skip
            session.flush()
        session.refresh(project)
        session.expunge_all()
    return project


def text(page: str) -> str:
    return " ".join(BeautifulSoup(page, "html.parser").select_one("main").get_text(" ").split())


def test_the_page_keeps_what_each_round_estimated(sign_in: SignIn, project: Project):
    client = sign_in()
    page = client.get(f"/projects/{project.id}/effort").text
    said = text(page)
    assert "4.0 % 2.0 %–8.0 %" in said
    assert "8.0 % 4.0 %–16.0 %" in said
    assert "The next 100 answers There are fewer images left." in said
    rows = list(csv.DictReader(io.StringIO(client.get(f"/projects/{project.id}/effort.csv").text)))
    assert [row["answers"] for row in rows] == ["8", "12", "16"]
    assert rows[2]["wrong_in_all_high"] == "0.080000"
    assert rows[0]["wrong_in_accepted"] == "0.020000"


@on_sqlite
def test_the_overview_says_whether_to_go_on(sign_in: SignIn, project: Project):
    said = text(sign_in().get(f"/projects/{project.id}").text)
    assert "4.0 % of all labels would be wrong now" in said
    assert "What the answers bought" in said


@on_sqlite
def test_corrections_are_answers_that_said_something_else_than_most_labelers(
    sign_in: SignIn, database: Database, project: Project
):
    client = sign_in()
    with database.read() as session:
        images = session.scalars(select(Image).order_by(Image.id)).all()[20:24]
    closed, open_ = (c.id for c in project.classes)
    for image, said in zip(images, [open_, open_, open_, closed], strict=True):
        body = {
            "image_id": image.id, "kind": "label", "class_id": said, "source": "review", "seconds": 2.0,
            "key": f"key-of-image-{image.id}",
        }  # fmt: skip
        assert client.post(f"/projects/{project.id}/annotations", json=body).status_code == 200
    with database.read() as session:
        found = count_corrections(session, project.id)
    assert (found.asked, found.changed) == (4, 1)
    assert "1 of 4 answers said something else" in text(client.get(f"/projects/{project.id}/effort").text)


@on_sqlite
def test_the_audit_speaks_on_the_labelers_page_and_against_the_estimate(
    sign_in: SignIn, database: Database, project: Project
):
    with database.write() as session:
        user = add_user(session)
        made = audit.draw(
            session, project=session.get_one(Project, project.id), user=user, size=20, plan=AuditPlan.FIXED
        )
        closed = project.classes[0].id
        for image in session.scalars(select(Image).where(Image.state == "accepted").limit(20)):
            image.state, image.class_id = "settled", closed
        assert made.pile_size == 20
    client = sign_in()
    assert "The audit: 20 of 20 wrong" in text(client.get(f"/projects/{project.id}/labelers").text)
    assert "Do not rely on the estimate" in text(client.get(f"/projects/{project.id}/effort").text)
    assert "Do not rely on the estimate" in text(client.get(f"/projects/{project.id}").text)


@on_sqlite
def test_a_project_without_rounds_or_images_has_an_effort_page(sign_in: SignIn, database: Database):
    with database.write() as session:
        empty = add_project(session)
    said = text(sign_in().get(f"/projects/{empty.id}/effort").text)
    assert "Nothing is known yet" in said
    with database.read() as session:
        assert session.scalars(select(Annotation)).first() is None
        assert session.scalars(select(User)).first() is not None
