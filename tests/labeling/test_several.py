"""Several people and one image: how many are asked, whose word stands, and what undo does to it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, func, select

from app.errors import BadInputError, ConflictError
from app.images.labels import GivenLabel, LabelledImage, LabelReport, add_labels
from app.labeling import service
from app.labeling.queries import current_labels
from app.labeling.settle import settle_project
from app.models import AnnotationSource, Image, LabelClass, Project, ProjectMember, QueueEntry, User
from app.projects.classes import add_class
from app.review.sending_back import send_back
from app.review.service import apply_overlap, fill_review, fill_seed, send_to_review
from tests import factories
from tests.labeling.conftest import Lab
from tests.web import on_sqlite


@pytest.fixture
def several(lab: Lab) -> Lab:
    """The lab, where two people answer every image."""
    overlap(lab, 2)
    return lab


def overlap(lab: Lab, people: int, share: float = 1.0) -> None:
    with lab.database.write() as session:
        project = session.get_one(Project, lab.project)
        project.overlap, project.overlap_share = people, share
        apply_overlap(session, project)


def entry(lab: Lab, image: int) -> tuple[str, bool] | None:
    with lab.database.read() as session:
        found = session.get(QueueEntry, lab.images[image])
        return found and (found.pile, found.others_only)


def rank(lab: Lab, image: int) -> float:
    with lab.database.read() as session:
        return session.get_one(QueueEntry, lab.images[image]).rank


def adjudicate(lab: Lab, image: int, class_id: int | None, **fields: Any) -> int:
    fields.setdefault("key", f"adjudicated-{image}")
    return lab.answer(image, class_id, source=AnnotationSource.ADJUDICATION, **fields)


def test_the_first_of_two_answers_is_no_label_and_the_image_waits_in_its_place_for_another(several: Lab):
    before = rank(several, 1)
    several.answer(1, several.closed)
    assert several.label(1) == ("unclear", None, None)
    assert (entry(several, 1), rank(several, 1)) == (("review", True), before)
    with several.database.read() as session:
        assert several.images[1] not in current_labels(session, several.project, accepted=True)


def test_two_that_agree_settle_it(several: Lab):
    several.answer(0, several.closed)
    several.answer(0, several.closed, user=several.bob)
    assert (several.label(0), entry(several, 0)) == (("settled", several.closed, "review"), None)


def test_two_that_differ_leave_it_to_an_adjudicator_whose_word_stands(several: Lab):
    several.answer(0, several.closed)
    several.answer(0, several.open, user=several.bob)
    assert (several.label(0), entry(several, 0)) == (("disputed", None, None), ("disputed", False))
    adjudicate(several, 0, several.open, user=several.bob, key="adjudicated")
    assert (several.label(0), entry(several, 0)) == (("settled", several.open, "adjudication"), None)
    several.undo("adjudicated", "not-so-sure", user=several.bob)
    assert (several.label(0), entry(several, 0)) == (("disputed", None, None), ("disputed", False))


def test_a_third_person_finds_no_place_left(several: Lab):
    with several.database.write() as session:
        carl = factories.add_user(session).id
    several.answer(0, several.closed)
    several.answer(0, several.closed, user=several.bob)
    with pytest.raises(ConflictError, match="closed; you said open"):
        several.answer(0, several.open, user=carl)
    several.answer(1, several.closed)
    several.answer(1, several.open, user=several.bob)
    with pytest.raises(ConflictError, match="an adjudicator decides"):
        several.answer(1, several.open, user=carl)
    assert entry(several, 1) == ("disputed", False)


def test_everybody_may_change_the_own_answer_and_nobody_elses(several: Lab):
    several.answer(0, several.closed)
    several.answer(0, several.open, user=several.bob)
    several.answer(0, several.closed, user=several.bob)
    assert (several.label(0), entry(several, 0)) == (("settled", several.closed, "review"), None)
    several.answer(0, several.open)
    assert several.label(0)[0] == "disputed"
    adjudicate(several, 0, several.open)
    with pytest.raises(ConflictError, match="open; you said closed"):
        several.answer(0, several.closed, user=several.bob, key="too-late-1")


def test_undo_takes_back_ones_own_word_only(several: Lab):
    several.answer(0, several.closed, key="anns-word")
    several.answer(0, several.open, user=several.bob, key="bobs-word")
    several.undo("anns-word", "undo-0001")
    assert (several.label(0), entry(several, 0)) == (("unclear", None, None), ("review", True))
    several.undo("bobs-word", "undo-0002", user=several.bob)
    assert entry(several, 0) == ("review", False)


def test_answers_from_files_count_as_their_authors(several: Lab):
    for author, says in ((several.ann, several.closed), (several.bob, several.open)):
        with several.database.write() as session:
            project = session.get_one(Project, several.project)
            image = session.get_one(Image, several.images[0])
            given = GivenLabel(
                LabelledImage(image.id, image.name, image.state, image.class_id, image.label_source),
                session.get_one(LabelClass, says), image.name,
            )  # fmt: skip
            add_labels(session, project, author, [given], AnnotationSource.REVIEW, LabelReport())
    assert (several.label(0), entry(several, 0)) == (("disputed", None, None), ("disputed", False))


def test_a_new_round_forgets_neither_the_first_answer_nor_whom_to_keep_from_it(several: Lab):
    several.answer(1, several.closed)
    with several.database.write() as session:
        settle_project(session, several.project)
        fill_review(session, several.project, dict.fromkeys(several.images[:2], 0.5))
    assert (several.label(1), entry(several, 1)) == (("unclear", None, None), ("review", True))
    assert entry(several, 0) == ("review", False)


def test_fewer_people_make_labels_of_what_was_said_and_more_let_it_wait(several: Lab):
    several.answer(0, several.closed)
    overlap(several, 1)
    assert (several.label(0), entry(several, 0)) == (("settled", several.closed, "review"), None)
    overlap(several, 3)
    assert several.label(0) == ("settled", several.closed, "review")
    several.answer(1, several.open)
    several.answer(1, several.open, user=several.bob)
    assert (several.label(1), entry(several, 1)) == (("unclear", None, None), ("review", True))


@on_sqlite
def test_a_hundred_images_wait_by_as_many_statements_as_ten(lab: Lab):
    asked: list[str] = []
    event.listen(lab.database.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_: asked.append(sql))

    def statements(images: int) -> int:
        with lab.database.write() as session:
            project = factories.add_project(session, members=[lab.ann, lab.bob], overlap=2)
            ids = [image.id for image in factories.add_images(session, project, images)]
            rows = [
                {"project_id": project.id, "image_id": image_id, "author_id": lab.ann,
                 "class_id": project.classes[0].id, "source": "review", "idempotency_key": f"sent-{image_id}"}
                for image_id in ids
            ]  # fmt: skip
            session.flush()
            apply_overlap(session, project)
            asked.clear()
            service.add_imported(session, rows)
            project.overlap = 3
            apply_overlap(session, project)
            user = session.get_one(User, lab.ann)
            assert service.take_back_upload(session, user=user, project_id=project.id, upload="sent") == images
            waiting = select(func.count()).where(QueueEntry.project_id == project.id, ~QueueEntry.others_only)
            assert session.scalar(waiting) == images
            return len(asked)

    assert statements(100) == statements(10)


def test_a_share_of_the_images_is_drawn_by_lot_and_drawn_alike_for_new_ones(lab: Lab):
    overlap(lab, 2, share=0.4)
    with lab.database.write() as session:
        project = session.get_one(Project, lab.project)
        factories.add_images(session, factories.add_project(session, overlap=2, overlap_share=0.4), 400)
        fill_seed(session, project.id)
        wide = session.query(Project).filter_by(overlap=2).order_by(Project.id.desc()).first()
        fill_seed(session, wide.id)
        wanted = [image.wanted for image in session.query(Image).filter_by(project_id=wide.id)]
        others = {image.wanted for image in session.query(Image).filter(Image.project_id != wide.id)}
    assert set(wanted) == {1, 2}
    assert 110 < wanted.count(2) < 210
    assert others <= {1, 2}


def test_who_cannot_tell_alone_sets_the_image_aside(lab: Lab):
    with lab.database.write() as session:
        session.delete(session.get_one(ProjectMember, (lab.project, lab.bob)))
    lab.answer(0)
    assert (lab.label(0), entry(lab, 0)) == (("set_aside", None, "cant_tell"), None)


def test_a_disabled_member_is_nobody_to_ask(lab: Lab):
    with lab.database.write() as session:
        from app.models.base import now

        session.get_one(User, lab.bob).disabled_at = now()
    lab.answer(0)
    assert lab.label(0)[0] == "set_aside"


def test_a_second_person_who_can_tell_settles_it(lab: Lab):
    lab.answer(0)
    assert entry(lab, 0) == ("review", True)
    lab.answer(0, lab.open, user=lab.bob)
    assert (lab.label(0), entry(lab, 0)) == (("settled", lab.open, "review"), None)


def test_a_doubted_decision_of_an_adjudicator_goes_back_to_adjudicators(several: Lab):
    several.answer(0, several.closed)
    several.answer(0, several.open, user=several.bob)
    adjudicate(several, 0, several.open)
    with several.database.write() as session:
        send_to_review(session, session.get_one(Image, several.images[0]))
    assert entry(several, 0) == ("disputed", False)


def send_again(lab: Lab, what: str) -> int:
    with lab.database.write() as session:
        return send_back(session, session.get_one(Project, lab.project), what)


def test_images_nobody_could_tell_are_asked_afresh_with_a_new_class(lab: Lab):
    for person in (lab.ann, lab.bob):
        lab.answer(0, user=person)
    with lab.database.write() as session:
        half = add_class(session.get_one(Project, lab.project), "half closed")
        session.flush()
        half_id = half.id
    assert send_again(lab, "cant-tell") == 1
    assert (lab.label(0), entry(lab, 0)) == (("unclear", None, None), ("review", False))
    lab.answer(0, half_id, user=lab.bob)
    assert (lab.label(0), entry(lab, 0)) == (("settled", half_id, "review"), None)


def test_asked_afresh_two_must_again_be_unable_to_tell(lab: Lab):
    for person in (lab.ann, lab.bob):
        lab.answer(0, user=person)
    send_again(lab, "cant-tell")
    lab.answer(0, user=lab.bob, key="still-not")
    assert (lab.label(0), entry(lab, 0)) == (("unclear", None, None), ("review", True))
    lab.answer(0, user=lab.ann, key="me-neither")
    assert lab.label(0) == ("set_aside", None, "cant_tell")


def test_a_class_sent_back_keeps_its_labels_until_the_next_answers(lab: Lab):
    lab.answer(0, lab.closed)
    lab.answer(1, lab.open, flagged=True)
    assert send_again(lab, f"class-{lab.closed}") == 1
    assert (lab.label(0), entry(lab, 0)) == (("settled", lab.closed, "review"), ("review", False))
    lab.answer(0, lab.open, user=lab.bob)
    assert lab.label(0) == ("settled", lab.open, "review")
    assert send_again(lab, "flagged") == 1
    assert entry(lab, 1) == ("review", False)
    assert send_again(lab, "flagged") == 0
    with pytest.raises(BadInputError):
        send_again(lab, f"class-{lab.foreign_class}")
