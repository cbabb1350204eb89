"""The audit: drawn by lot, checked without seeing the labels, and honest about what it says."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.errors import ConflictError
from app.labeling.queries import current_labels
from app.models import Audit, AuditPlan, Image, Pile, Project, QueueEntry, User
from app.review import audit, audit_queries
from tests.review.auditing import check, page, sample, send
from tests.review.conftest import Room, Tab, add_round
from tests.web import on_sqlite


def test_a_sample_is_drawn_from_what_is_accepted_and_waits_for_a_person(room: Room, auditor: Tab):
    assert send(auditor, size="10").status_code == 303
    drawn = sample(room)
    assert len(set(drawn)) == 10
    assert set(drawn) <= set(room.images[2:])
    with room.database.read() as session:
        made = session.scalars(select(Audit)).one()
        waiting = session.scalars(
            select(QueueEntry.image_id).where(QueueEntry.pile == Pile.AUDIT).order_by(QueueEntry.rank)
        )
        assert list(waiting) == drawn
        everybody = {user.id: user.email for user in session.scalars(select(User))}
    assert (made.pile_size, made.plan, made.number) == (28, "fixed", 1)
    assert everybody[made.created_by_id] in page(auditor)


@on_sqlite
def test_the_same_pile_and_seed_give_the_same_sample_again(room: Room, auditor: Tab):
    send(auditor, size="10")
    with room.database.read() as session:
        made = session.scalars(select(Audit)).one()
        images = session.scalars(select(Image).where(Image.id.in_(room.images[2:])))
        pile = [audit.Accepted(image.id, image.sha256, room.classes[1]) for image in images]
    assert audit.pile_digest(pile) == made.pile_sha256
    assert [label.image_id for label in audit.in_drawn_order(pile, made.seed)[:10]] == sample(room)


def test_it_speaks_when_all_are_checked_and_the_errors_are_mended_by_the_answers(room: Room, auditor: Tab):
    send(auditor, size="10")
    check(room, auditor, 9, wrong=2)
    assert "9 of 10 checked; it speaks when all of them are." in page(auditor)
    check(room, auditor, 1)
    said = page(auditor)
    assert "2 of 10 wrong: at most 50.7 % of the accepted labels are wrong (95 %)." in said
    assert "Of the 18 others at most 10 are wrong" in said
    assert "An auditor bounds disagreement with that auditor, not with truth." in said
    with room.database.read() as session:
        labels = current_labels(session, room.project, accepted=True)
        assert sum(label.by_person for label in labels.values()) == 10
        assert sum(label.class_id == room.classes[0] for label in labels.values()) == 2


def test_the_label_is_not_shown_before_the_answer(room: Room, auditor: Tab):
    with room.database.write() as session:
        session.get_one(Project, room.project).show_opinions = True
    send(auditor, size="5")
    assert all(item["opinions"] == [] for item in auditor.claim(5, pile="audit")["items"])
    screen = auditor.client.get(f"/projects/{room.project}/audit/check").text
    assert "&#34;showOpinions&#34;: false" in screen
    check(room, auditor, 1)
    assert all(
        one["item"]["opinions"] == []
        for one in auditor.client.get(
            f"/projects/{room.project}/annotations/recent", params={"pile": "audit", "before": "no-such-key"}
        ).json()["recent"]
    )


def test_an_answer_to_what_was_not_drawn_is_refused(room: Room, auditor: Tab):
    send(auditor, size="5")
    other = next(image for image in room.images[2:] if image not in sample(room))
    response = auditor.answer(other, room.classes[1], source="audit")
    assert response.status_code == 409
    assert "in the sample" in response.json()["error"]


def test_a_label_nobody_can_tell_is_not_confirmed(room: Room, auditor: Tab):
    send(auditor, size="2")
    for image in auditor.ids(2, pile="audit"):
        auditor.answer(image, None, source="audit", kind="cant_tell")
    assert "2 of 2 wrong, 2 of them because nobody can tell" in page(auditor)


def test_an_answer_taken_back_waits_for_the_audit_again(room: Room, auditor: Tab):
    send(auditor, size="3")
    image = auditor.ids(1, pile="audit")[0]
    auditor.answer(image, room.classes[0], source="audit", key="an-answer-1")
    assert auditor.undo("an-answer-1").status_code == 200
    assert image in auditor.ids(3, pile="audit")
    assert "0 of 3 checked" in page(auditor)


def test_a_fixed_size_stays_and_an_open_plan_may_be_prolonged(room: Room, auditor: Tab):
    send(auditor, size="5")
    refused = send(auditor, "/more", count="5")
    assert refused.status_code == 409
    assert "fixed beforehand" in refused.text
    assert send(auditor, "/end").status_code == 303
    assert "ended before all of its sample was checked, and so says nothing" in page(auditor)
    send(auditor, size="5", plan="open")
    first = sample(room)
    check(room, auditor, 5)
    assert "0 of 5 wrong: at most" in page(auditor)
    assert send(auditor, "/more", count="4").status_code == 303
    assert sample(room)[:5] == first
    assert len(set(sample(room))) == 9


@on_sqlite
def test_an_open_plan_counts_only_what_comes_before_the_first_gap(room: Room, auditor: Tab):
    send(auditor, size="6", plan="open")
    drawn = sample(room)
    for image in (drawn[0], drawn[1], drawn[3]):
        auditor.answer(image, room.classes[1], source="audit")
    said = page(auditor)
    assert "0 of 2 wrong" in said
    assert "1 further answer counts" in said
    assert "holds at every look" in said


@on_sqlite
def test_what_an_ended_audit_found_stays_whatever_becomes_of_its_images(room: Room, auditor: Tab):
    send(auditor, size="4")
    check(room, auditor, 4, wrong=1)
    with room.database.write() as session:
        made = audit_queries.find_newest(session, room.project)
        audit.end(session, made)
        for image in session.scalars(select(Image).where(Image.id.in_(sample(room)))):
            image.class_id = room.classes[0]
    assert "1 of 4 wrong" in page(auditor)


@on_sqlite
def test_one_audit_at_a_time_and_the_next_says_that_it_is_not_the_first(room: Room, auditor: Tab):
    send(auditor, size="4")
    assert send(auditor, size="4").status_code == 409
    check(room, auditor, 4)
    assert send(auditor, size="4").status_code == 303
    check(room, auditor, 4)
    assert "This is audit 2 of the same round." in page(auditor)
    assert "This is audit" not in page(auditor, "?number=1")


@on_sqlite
def test_who_audits_what_they_seeded_is_shown(room: Room):
    tab = room.tab()
    for image in tab.ids(3):
        tab.answer(image, room.classes[1])
    add_round(room)
    send(tab, size="2")
    check(room, tab, 2)
    assert "(who also gave 3 of the seed answers)" in page(tab)


@on_sqlite
def test_without_a_round_or_beyond_the_pile_nothing_is_drawn(room: Room):
    tab = room.tab()
    assert "No audit yet" in page(tab)
    assert send(tab, size="5").status_code == 409
    add_round(room)
    refused = send(tab, size="29")
    assert refused.status_code == 422
    assert "Only 28 labels are accepted" in refused.text


@on_sqlite
def test_two_who_draw_at_once_get_one_audit(room: Room, auditor: Tab):
    with room.database.write() as session:
        project, user = session.get_one(Project, room.project), session.scalars(select(User)).first()
        audit.draw(session, project=project, user=user, size=3, plan=AuditPlan.FIXED)
        with pytest.raises(ConflictError, match="under way"):
            audit.draw(session, project=project, user=user, size=3, plan=AuditPlan.FIXED)


@on_sqlite
def test_the_page_plans_for_the_aim_of_the_project_and_says_whether_it_is_proven(room: Room, auditor: Tab):
    with room.database.write() as session:
        session.get_one(Project, room.project).target = 0.15
    said = page(auditor)
    assert "15 % wrong · this project’s aim" in said
    send(auditor, size="20")
    check(room, auditor, 20)
    assert "That proves the aim of this project, at most 15 %." in page(auditor)
    with room.database.write() as session:
        session.get_one(Project, room.project).target = 0.1
    assert "It does not prove the aim of this project, at most 10 %." in page(auditor)
