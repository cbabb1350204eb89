"""Answers that confident labelers contradict are looked at again: blind, by another, as far as the share goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from app.db import Database
from app.labeling import service as labeling
from app.models import (
    AnnotationKind,
    AnnotationSource,
    Image,
    Project,
    ProjectMember,
    QueueEntry,
    Round,
    SecondOpinion,
    User,
)
from app.review.second_opinions import Judged, ask_second_opinions, read_bought
from app.review.service import fill_review
from app.team.service import SecondLook, read_second_look
from tests import factories


@dataclass
class Loop:
    """Ann has answered 40 images of 60 `closed`; the labelers say `open` of the first three, ever less surely."""

    database: Database
    project: int
    closed: int
    open: int
    images: list[int]
    ann: int
    bob: int

    def publish(self) -> int:
        """Let a round say so, and ask for second opinions."""
        sure = np.tile(np.float32([0.97, 0.03]), (60, 1))
        sure[:3] = [[0.01, 0.99], [0.04, 0.96], [0.2, 0.8]]
        with self.database.write() as session:
            project = session.get_one(Project, self.project)
            number = len(session.scalars(select(Round).where(Round.project_id == project.id)).all()) + 1
            classes = dict(zip((self.closed, self.open), project.classes, strict=True))
            says = {
                image: [(classes[self.open if row[1] > 0.5 else self.closed], 0.9)] * 2
                for image, row in zip(self.images, sure, strict=True)
            }
            published = factories.add_round(session, project, says, number)
            for image, row in zip(self.images, sure, strict=True):
                shown = session.get_one(Image, image)
                shown.predicted_class_id = self.open if row[1] > 0.5 else self.closed
                shown.confidence = float(row.max())
            fill_review(session, project.id, {})
            judged = Judged(self.images, [self.closed, self.open], sure)
            return ask_second_opinions(session, project, published, judged)

    def answer(self, image: int, class_id: int, user: int, source: str = "review") -> None:
        with self.database.write() as session:
            answer = labeling.Answer(
                self.images[image], AnnotationKind.LABEL, class_id, AnnotationSource(source), 1.0,
                f"{source}-{image}-{user}-{class_id}",
            )  # fmt: skip
            author = session.get_one(User, user)
            labeling.submit_annotation(session, user=author, project_id=self.project, answer=answer)

    def state(self, image: int) -> tuple[str, int | None]:
        with self.database.read() as session:
            row = session.get_one(Image, self.images[image])
            return row.state, row.class_id

    def entry(self, image: int) -> tuple[str, bool] | None:
        with self.database.read() as session:
            found = session.get(QueueEntry, self.images[image])
            return found and (found.pile, found.others_only)

    def look(self) -> SecondLook:
        with self.database.read() as session:
            found = read_second_look(session, session.get_one(Project, self.project))
            assert found is not None
            return found

    def set(self, **columns: Any) -> None:
        with self.database.write() as session:
            for column, value in columns.items():
                setattr(session.get_one(Project, self.project), column, value)


@pytest.fixture
def loop(database: Database) -> Loop:
    with database.write() as session:
        ann, bob, stranger = (factories.add_user(session) for _ in range(3))
        factories.add_images(session, factories.add_project(session, members=[stranger.id]), 3)
        project = factories.add_project(session, recipe="squint", members=[ann.id, bob.id])
        images = [image.id for image in factories.add_images(session, project, 60)]
        closed, open_ = (c.id for c in project.classes)
    made = Loop(database, project.id, closed, open_, images, ann.id, bob.id)
    for image in range(40):
        made.answer(image, closed, ann.id, "seed")
    return made


def test_the_most_contradicted_answers_wait_for_another_person_within_the_share(loop: Loop):
    assert loop.publish() == 2
    assert [loop.state(i) for i in range(3)] == [("unclear", None), ("unclear", None), ("settled", loop.closed)]
    assert [loop.entry(i) for i in range(3)] == [("review", True), ("review", True), None]
    with loop.database.read() as session:
        assert [
            row.image_id for row in session.scalars(select(SecondOpinion).order_by(SecondOpinion.probability))
        ] == (loop.images[:2])
    assert loop.publish() == 0
    loop.set(second_share=0.0)
    assert loop.publish() == 0


def test_a_smaller_share_asks_for_the_most_contradicted_only(loop: Loop):
    loop.set(second_share=0.03)
    assert loop.publish() == 1
    assert (loop.entry(0), loop.entry(1)) == (("review", True), None)


def test_a_second_person_who_agrees_confirms_and_one_who_differs_makes_a_dispute(loop: Loop):
    loop.publish()
    loop.answer(0, loop.closed, loop.bob)
    loop.answer(1, loop.open, loop.bob)
    assert loop.state(0) == ("settled", loop.closed)
    assert (loop.state(1), loop.entry(1)) == (("disputed", None), ("disputed", False))
    bought = loop.look().bought
    assert (bought.asked, bought.answered, bought.changed, bought.disputed) == (2, 2, 0, 1)
    loop.answer(1, loop.open, loop.bob, "adjudication")
    look = loop.look()
    assert (look.bought.changed, look.bought.disputed, look.labels) == (1, 0, 40)
    assert look.before is not None
    assert look.after is not None
    assert look.after < look.before


def test_who_is_alone_is_asked_again_later_and_the_newer_word_stands(loop: Loop):
    with loop.database.write() as session:
        session.delete(session.get_one(ProjectMember, (loop.project, loop.bob)))
    assert loop.publish() == 2
    assert (loop.state(0), loop.entry(0)) == (("settled", loop.closed), ("review", False))
    loop.answer(0, loop.open, loop.ann)
    loop.answer(1, loop.closed, loop.ann, "review")
    assert (loop.state(0), loop.state(1)) == (("settled", loop.open), ("settled", loop.closed))
    with loop.database.read() as session:
        bought = read_bought(session, session.get_one(Project, loop.project))
    assert (bought.asked, bought.answered, bought.changed) == (2, 2, 1)


def test_before_any_answer_nothing_was_bought(loop: Loop):
    look = loop.look()
    assert (look.bought.asked, look.before, look.after) == (0, None, None)
    loop.publish()
    look = loop.look()
    assert (look.bought.asked, look.bought.answered, look.bought.changed) == (2, 0, 0)
    assert look.before == look.after
