"""An answer labels the near duplicates of its image, where the project says so, and as long as it stands."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, update

from app.db import Database
from app.labeling import service
from app.labeling.queries import current_labels, list_drawn_by_lot, loop_counts
from app.labeling.settle import settle_project, settle_twins_of_project
from app.models import (
    NO_PILE,
    AnnotationSource,
    AuditPlan,
    Image,
    Pile,
    Project,
    QueueEntry,
    User,
)
from app.projects.service import save_settings
from app.review import audit, audit_queries
from app.review.service import fill_review, fill_seed, send_to_review
from app.transfer.queries import list_rows
from tests import factories
from tests.labeling.conftest import Lab
from tests.web import on_sqlite

SOURCE = AnnotationSource


@pytest.fixture
def twins(lab: Lab) -> Lab:
    """Images 0, 1 (unclear) and 2 (accepted as open) look the same; 3 belongs to the same face only."""
    with lab.database.write() as session:
        session.get_one(Project, lab.project).settle_twins = True
        session.execute(update(Image).where(Image.id.in_(lab.images[:3])).values(twin_key="one look"))
        session.execute(update(Image).where(Image.id.in_(lab.images[:4])).values(group_key="one face"))
    return lab


def pile(lab: Lab, image: int) -> tuple[str, float] | None:
    with lab.database.read() as session:
        entry = session.get(QueueEntry, lab.images[image])
        return (entry.pile, entry.rank) if entry else None


def test_an_answer_labels_what_looks_the_same_and_nothing_else(twins: Lab):
    twins.answer(0, twins.closed)
    assert twins.label(0) == ("settled", twins.closed, "review")
    assert [twins.label(i) for i in (1, 2)] == [("accepted", twins.closed, "twin")] * 2
    assert twins.label(3) == ("accepted", twins.open, "accepted")
    assert pile(twins, 1) == (NO_PILE, 0.2)
    assert twins.count() == 1


def test_taken_back_it_takes_the_labels_with_it_and_the_images_wait_where_they_stood(twins: Lab):
    twins.answer(0, twins.closed, key="the answer")
    twins.undo("the answer", "its end")
    assert [twins.label(i)[0] for i in (0, 1)] == ["unclear", "unclear"]
    assert twins.label(2) == ("accepted", twins.open, "accepted")
    assert pile(twins, 1) == (Pile.REVIEW, 0.2)
    assert twins.waits(0)


@on_sqlite
def test_a_changed_mind_changes_them_too(twins: Lab):
    twins.answer(0, twins.closed)
    twins.answer(0, twins.open)
    assert [twins.label(i) for i in (1, 2)] == [("accepted", twins.open, "twin")] * 2


@on_sqlite
def test_without_the_setting_every_image_is_asked_for(twins: Lab):
    with twins.database.write() as session:
        session.get_one(Project, twins.project).settle_twins = False
    twins.answer(0, twins.closed)
    assert (twins.label(1)[0], pile(twins, 1)) == ("unclear", (Pile.REVIEW, 0.2))
    assert twins.label(2) == ("accepted", twins.open, "accepted")


@on_sqlite
def test_where_people_contradict_each_other_nothing_follows(twins: Lab):
    twins.answer(0, twins.closed)
    twins.answer(1, twins.open, user=twins.bob)
    assert [twins.label(i)[1:] for i in (0, 1)] == [(twins.closed, "review"), (twins.open, "review")]
    assert twins.label(2) == ("accepted", twins.open, "accepted")
    twins.answer(0, twins.open)
    assert twins.label(2) == ("accepted", twins.open, "twin")


@on_sqlite
def test_an_image_has_its_own_answer_even_if_it_has_its_twins_label_already(twins: Lab):
    twins.answer(0, twins.closed)
    twins.answer(1, twins.open, user=twins.bob)
    assert twins.label(1) == ("settled", twins.open, "review")


@on_sqlite
def test_nothing_follows_a_word_that_is_no_label_yet(twins: Lab):
    with twins.database.write() as session:
        session.get_one(Image, twins.images[0]).wanted = 2
    twins.answer(0, twins.closed)
    assert twins.label(1)[0] == "unclear"
    twins.answer(0, twins.closed, user=twins.bob)
    assert twins.label(1) == ("accepted", twins.closed, "twin")


@on_sqlite
def test_nothing_follows_who_cannot_tell(twins: Lab):
    twins.answer(0)
    twins.answer(0, user=twins.bob)
    assert twins.label(0)[0] == "set_aside"
    assert twins.label(1)[0] == "unclear"


@on_sqlite
def test_the_seed_stays_drawn_by_lot_twins_and_all(database: Database):
    with database.write() as session:
        ann = factories.add_user(session)
        project = factories.add_project(session, members=[ann.id], settle_twins=True)
        images = factories.add_images(session, project, 12)
        for image in images:
            image.twin_key = "all the same"
        fill_seed(session, project.id)
        lab = Lab(
            database, project.id, *(c.id for c in project.classes), [i.id for i in images], ann.id, ann.id, 0, 0
        )
    lab.answer(0, lab.closed, source=SOURCE.SEED)
    assert lab.label(1) == ("new", None, None)
    with database.write() as session:
        project = session.get_one(Project, lab.project)
        factories.add_round(session, project, {i: [(project.classes[1], 0.9)] * 2 for i in lab.images})
        fill_review(session, project.id, {})
        settle_twins_of_project(session, project.id)
    assert lab.label(1) == ("accepted", lab.closed, "twin")
    with database.read() as session:
        assert list_drawn_by_lot(session, lab.project) == {lab.images[0]}


@on_sqlite
def test_what_an_audit_finds_stays_with_its_image_and_a_twins_label_answers_no_audit(twins: Lab):
    with twins.database.write() as session:
        project, ann = session.get_one(Project, twins.project), session.get_one(User, twins.ann)
        session.execute(update(Image).where(Image.id == twins.images[3]).values(twin_key="one look"))
        audit.draw(session, project=project, user=ann, size=4, plan=AuditPlan.OPEN)
    twins.answer(2, twins.closed, source=SOURCE.AUDIT)
    assert twins.label(3) == ("accepted", twins.open, "accepted")
    twins.answer(0, twins.closed)
    assert twins.label(3) == ("accepted", twins.closed, "twin")
    with twins.database.read() as session:
        made = audit_queries.find_newest(session, twins.project)
        outcome = {item.image_id: outcome for item, outcome in audit_queries.outcomes(session, made)}
    assert (outcome[twins.images[2]], outcome[twins.images[3]]) == ("wrong", None)
    assert pile(twins, 3)[0] == Pile.AUDIT


@on_sqlite
def test_a_twin_that_somebody_doubts_waits_for_its_own_answer(twins: Lab):
    twins.answer(0, twins.closed)
    with twins.database.write() as session:
        send_to_review(session, session.get_one(Image, twins.images[2]))
    assert (twins.label(2)[0], pile(twins, 2)[0]) == ("unclear", Pile.REVIEW)
    twins.answer(0, twins.open)
    assert twins.label(2)[0] == "unclear"
    assert twins.label(1) == ("accepted", twins.open, "twin")


def test_a_round_leaves_them_as_people_said_and_the_rest_waits_in_its_order(twins: Lab):
    twins.answer(0, twins.closed)
    with twins.database.write() as session:
        settle_project(session, twins.project)
        fill_review(session, twins.project, {twins.images[1]: -0.5})
        settle_twins_of_project(session, twins.project)
    assert [twins.label(i) for i in (1, 2)] == [("accepted", twins.closed, "twin")] * 2
    assert pile(twins, 1) == (NO_PILE, -0.5)


@on_sqlite
def test_the_setting_can_be_withdrawn(twins: Lab):
    twins.answer(0, twins.closed)
    with twins.database.write() as session:
        positive = session.get_one(Project, twins.project).positive_class.id
        save_settings(session, twins.project, name="Eyes", positive_id=positive, settle_twins=False)
    assert (twins.label(1)[0], pile(twins, 1)) == ("unclear", (Pile.REVIEW, 0.2))
    assert twins.label(2) == ("accepted", twins.open, "accepted")


@on_sqlite
def test_they_are_counted_as_accepted_never_as_answers(twins: Lab):
    twins.answer(0, twins.closed)
    with twins.database.read() as session:
        counts = loop_counts(session, twins.project)
        labels = current_labels(session, twins.project, accepted=False)
        rows = {row.filename: row for row in list_rows(session, session.get_one(Project, twins.project), [])}
    assert (counts.answers, counts.settled, counts.accepted, counts.twins, counts.unclear) == (1, 1, 5, 2, 0)
    assert set(labels) == {twins.images[0]}
    assert (rows["000001.png"].source, rows["000001.png"].state) == ("twin", "accepted")
    assert rows["000001.png"].who == rows["000000.png"].who != ""


def test_two_people_who_answer_two_images_of_a_group_at_once_see_each_other(twins: Lab):
    answered, problems = threading.Event(), []

    def second() -> None:
        answered.set()
        try:
            twins.answer(1, twins.open, user=twins.bob)
        except Exception as error:  # noqa: BLE001  told to the test
            problems.append(error)

    with twins.database.write() as session:
        answer = service.Answer(
            twins.images[0], service.AnnotationKind.LABEL, twins.closed, SOURCE.REVIEW, 1.0, "a" * 9
        )
        ann = session.get_one(User, twins.ann)
        other = threading.Thread(target=second)
        service.submit_annotation(session, user=ann, project_id=twins.project, answer=answer)
        session.flush()
        other.start()
        answered.wait(5)
    other.join(20)
    assert problems == []
    assert [twins.label(i)[1:] for i in (0, 1)] == [(twins.closed, "review"), (twins.open, "review")]
    assert twins.label(2) == ("accepted", twins.open, "accepted")
    with twins.database.read() as session:
        assert session.scalars(select(QueueEntry).where(QueueEntry.image_id.in_(twins.images[:2]))).all() == []
