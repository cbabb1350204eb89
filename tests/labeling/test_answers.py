"""What an answer promises: kept once, derived at once, taken back by a row of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.errors import BadInputError, ConflictError, NotFoundError
from app.labeling.queries import list_recent, loop_counts
from app.models import Image, LabelClass
from app.models.base import now
from app.review.service import send_to_review
from tests.labeling.conftest import Lab


def test_an_answer_settles_its_image_and_takes_it_off_the_queue(lab: Lab):
    assert (lab.label(0), lab.waits(0)) == (("unclear", None, None), True)
    lab.answer(0, lab.closed)
    assert (lab.label(0), lab.waits(0)) == (("settled", lab.closed, "review"), False)
    assert (lab.label(1), lab.label(2)) == (("unclear", None, None), ("accepted", lab.open, "accepted"))


def test_an_answer_keeps_who_when_how_long_and_what_the_labelers_had_said(lab: Lab):
    lab.answer(0, lab.closed, seconds=2.25, flagged=True)
    row = lab.rows()[0]
    assert (row.author_id, row.seconds, row.flagged, row.source) == (lab.ann, 2.25, True, "review")
    assert abs((now() - row.created_at).total_seconds()) < 60
    assert row.round_id is not None
    assert [(o["labeler"], o["class_id"], o["confidence"]) for o in row.opinions] == [
        ("ResNet50", lab.closed, 0.7),
        ("YOLOv8n", lab.open, 0.6),
    ]
    with lab.database.read() as session:
        assert session.get_one(Image, lab.images[0]).flagged


def test_a_resend_with_the_same_key_is_the_same_answer(lab: Lab):
    assert lab.answer(0, lab.closed, key="resent-01") == lab.answer(0, lab.closed, key="resent-01")
    assert lab.count() == 1


def test_a_key_used_for_another_answer_is_refused(lab: Lab):
    lab.answer(0, lab.closed, key="one-key-1")
    with pytest.raises(ConflictError, match="used for another answer"):
        lab.answer(0, lab.open, key="one-key-1")
    with pytest.raises(ConflictError, match="used for another answer"):
        lab.answer(1, lab.closed, key="one-key-1")
    assert (lab.count(), lab.label(0)) == (1, ("settled", lab.closed, "review"))


def test_two_people_may_use_the_same_key(lab: Lab):
    lab.answer(0, lab.closed, key="same-key-1")
    lab.answer(1, lab.open, user=lab.bob, key="same-key-1")
    assert lab.count() == 2


def test_a_resend_that_overtakes_the_first_request_adds_one_row(lab: Lab):
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _i: lab.answer(0, lab.closed, key="racing-01"), range(8)))
    assert len(set(ids)) == 1
    assert lab.count() == 1


def test_an_archived_class_is_refused_and_the_image_waits_on(lab: Lab):
    with lab.database.write() as session:
        session.get_one(LabelClass, lab.open).archived_at = now()
    with pytest.raises(ConflictError, match="open was archived"):
        lab.answer(0, lab.open)
    assert (lab.count(), lab.label(0), lab.waits(0)) == (0, ("unclear", None, None), True)


def test_a_class_or_image_of_another_project_is_refused(lab: Lab):
    with pytest.raises(BadInputError, match="no such class"):
        lab.answer(0, lab.foreign_class)
    with pytest.raises(NotFoundError):
        lab.answer(0, lab.closed, image_id=lab.foreign_image)
    assert lab.count() == 0


def test_whoever_answers_second_learns_both_values(lab: Lab):
    lab.answer(0, lab.closed)
    with pytest.raises(ConflictError, match=r"000000\.png meanwhile: closed; you said open"):
        lab.answer(0, lab.open, user=lab.bob)
    assert (lab.count(), lab.label(0)) == (1, ("settled", lab.closed, "review"))


def test_an_answer_after_the_lease_ran_out_counts_if_nobody_else_answered(lab: Lab):
    lab.answer(0, lab.closed, user=lab.bob)
    assert lab.label(0) == ("settled", lab.closed, "review")


def test_two_people_answering_at_once_give_one_answer_and_one_refusal(lab: Lab):
    def attempt(user: int) -> str:
        try:
            lab.answer(0, lab.closed if user == lab.ann else lab.open, user=user)
        except ConflictError:
            return "refused"
        return "taken"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, [lab.ann, lab.bob])) == ["refused", "taken"]
    assert lab.count() == 1


def test_ones_own_answer_may_be_changed_and_both_rows_stay(lab: Lab):
    lab.answer(0, lab.closed)
    lab.answer(0, lab.open)
    assert lab.label(0) == ("settled", lab.open, "review")
    assert [row.class_id for row in lab.rows()] == [lab.closed, lab.open]


def test_a_doubted_answer_may_be_overruled_by_another_person(lab: Lab):
    lab.answer(0, lab.closed)
    with lab.database.write() as session:
        send_to_review(session, session.get_one(Image, lab.images[0]))
    assert lab.label(0) == ("settled", lab.closed, "review")
    lab.answer(0, lab.open, user=lab.bob)
    assert lab.label(0) == ("settled", lab.open, "review")


def test_cant_tell_goes_to_another_person_and_both_together_set_the_image_aside(lab: Lab):
    lab.answer(0)
    assert (lab.label(0), lab.waits(0)) == (("unclear", None, None), True)
    lab.answer(0, user=lab.bob)
    assert (lab.label(0), lab.waits(0)) == (("set_aside", None, "cant_tell"), False)
    with pytest.raises(BadInputError, match="only a label names a class"):
        lab.answer(1, lab.open, kind="cant_tell")


def test_undo_is_a_row_and_the_image_waits_in_front(lab: Lab):
    lab.answer(1, lab.closed, key="answer-01")
    lab.undo("answer-01", "undo-0001")
    assert (lab.label(1), lab.waits(1)) == (("unclear", None, None), True)
    assert [row.kind for row in lab.rows()] == ["label", "undo"]


def test_undoing_twice_undoes_once(lab: Lab):
    lab.answer(0, lab.closed, key="answer-01")
    first, second = lab.undo("answer-01", "undo-0001"), lab.undo("answer-01", "undo-0002")
    assert first == second
    assert lab.count(kind="undo") == 1


def test_undo_goes_to_any_depth(lab: Lab):
    for image in range(6):
        lab.answer(image, lab.closed, key=f"answer-{image}")
    for image in reversed(range(6)):
        lab.undo(f"answer-{image}", f"undo-000{image}")
    assert [lab.label(i)[0] for i in range(6)] == ["unclear"] * 2 + ["accepted"] * 4
    assert all(lab.waits(i) for i in range(6))


def test_undoing_a_change_brings_the_earlier_answer_back(lab: Lab):
    lab.answer(0, lab.closed, key="answer-01")
    lab.answer(0, lab.open, key="answer-02")
    lab.undo("answer-02", "undo-0001")
    assert (lab.label(0), lab.waits(0)) == (("settled", lab.closed, "review"), False)


def test_nobody_takes_back_anothers_answer(lab: Lab):
    lab.answer(0, lab.closed, key="answer-01")
    with pytest.raises(NotFoundError):
        lab.undo("answer-01", "undo-0001", user=lab.bob)
    with pytest.raises(NotFoundError):
        lab.undo("never-said", "undo-0001")
    assert lab.label(0)[0] == "settled"


def test_an_undo_whose_key_was_used_for_an_answer_is_refused(lab: Lab):
    lab.answer(0, lab.closed, key="answer-01")
    lab.answer(1, lab.closed, key="answer-02")
    with pytest.raises(ConflictError, match="used for another answer"):
        lab.undo("answer-01", "answer-02")
    assert lab.label(0)[0] == "settled"


def test_a_persons_recent_answers_leave_out_what_was_taken_back(lab: Lab):
    for image in range(4):
        lab.answer(image, lab.closed, key=f"answer-{image}")
    lab.undo("answer-3", "undo-0001")
    lab.answer(4, lab.open, user=lab.bob)
    with lab.database.read() as session:
        rows = list_recent(session, lab.ann, lab.project, ["review"], 2)
    assert [row.idempotency_key for row in rows] == ["answer-1", "answer-2"]


def test_the_counts_add_up_to_all_images_of_this_project(lab: Lab):
    lab.answer(0, lab.closed, seconds=3.0)
    lab.answer(1, seconds=1.0)
    lab.answer(1, user=lab.bob, seconds=0.0)
    lab.answer(2, lab.open, source="seed", seconds=100_000.0)
    with lab.database.read() as session:
        counts = loop_counts(session, lab.project)
        assert session.scalar(select(Image.id).where(Image.state == "new")) is not None
    assert (counts.images, counts.new, counts.accepted, counts.unclear) == (6, 0, 3, 0)
    assert (counts.settled, counts.seed, counts.set_aside) == (1, 1, 1)
    assert (counts.answers, counts.answer_seconds) == (4, 604.0)
