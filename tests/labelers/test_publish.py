"""A finished training of the labelers becomes a round: whole, once, and everything follows from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.labeling.queries import loop_counts
from app.labeling.service import Answer, submit_annotation
from app.models import (
    AnnotationKind,
    AnnotationSource,
    Image,
    Pile,
    Prediction,
    Project,
    QueueEntry,
    Round,
)
from app.review.service import fill_seed
from tests.factories import add_images, add_project, add_round, add_user
from tests.finished import add_job, finished_run, publish_round

CLOSED_SURE, CLOSED, OPEN, OPEN_SURE = [0.95, 0.05], [0.6, 0.4], [0.45, 0.55], [0.1, 0.9]
RESNET = np.array([CLOSED_SURE, OPEN_SURE, CLOSED, CLOSED_SURE, OPEN, OPEN_SURE])
YOLO = np.array([CLOSED_SURE, OPEN_SURE, OPEN, OPEN_SURE, OPEN, OPEN_SURE])
"""Images 2 and 3 part them; 2 by a hair on both sides."""


class Case:
    """A project with a stranger beside it, and a run over its first six of seven images."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self.session, self.settings = session, settings
        stranger = add_project(session)
        noise = add_images(session, stranger, 3)
        wide, narrow = stranger.active_classes[0], stranger.active_classes[1]
        add_round(session, stranger, {noise[0].id: [(wide, 0.9), (narrow, 0.8)]})
        self.project = add_project(session)
        self.images = add_images(session, self.project, 7)
        fill_seed(session, self.project.id)
        self.job = add_job(session, self.project)
        self.folder = finished_run(
            Path(settings.data_dir) / self.job.id, self.project, "label", self.images[:6],
            {"resnet50": RESNET, "yolov8n-cls": YOLO},
        )  # fmt: skip

    def publish(self) -> None:
        publish_round(self.session, self.settings, self.job, self.folder)
        self.session.flush()
        self.session.expire_all()

    def states(self) -> list[str]:
        query = select(Image.state).where(Image.project_id == self.project.id).order_by(Image.id)
        return list(self.session.scalars(query))


@pytest.fixture
def case(database: Database, settings: Settings):
    with database.write() as session:
        yield Case(session, settings)


def test_where_both_agree_the_image_is_accepted_and_where_they_part_it_is_unclear(case: Case):
    case.publish()
    assert case.states() == ["accepted", "accepted", "unclear", "unclear", "accepted", "accepted", "new"]
    closed, opened = case.project.active_classes
    ids = select(Image.class_id).where(Image.project_id == case.project.id).order_by(Image.id)
    assert list(case.session.scalars(ids))[:6] == [closed.id, opened.id, None, None, opened.id, opened.id]


def test_each_image_gets_the_class_the_labelers_take_it_for_together_and_how_sure_they_are(case: Case):
    case.publish()
    closed, opened = case.project.active_classes
    said = select(Image.predicted_class_id, Image.confidence).where(Image.project_id == case.project.id)
    predicted = [tuple(row) for row in case.session.execute(said.order_by(Image.id))]
    assert [class_id for class_id, _ in predicted] == [
        closed.id, opened.id, closed.id, closed.id, opened.id, opened.id, None
    ]  # fmt: skip
    assert [sure for _, sure in predicted[:4]] == pytest.approx([0.95, 0.9, 0.525, 0.525])
    assert predicted[6][1] is None


def test_an_image_left_out_of_the_grid_is_on_it_again_after_a_round(case: Case):
    case.session.execute(update(Image).values(left_out_of="accepted"))
    case.publish()
    left = select(Image.project_id).where(Image.left_out_of.is_not(None)).distinct()
    assert case.project.id not in case.session.scalars(left).all()


def test_the_report_counts_what_the_page_shows(case: Case):
    case.publish()
    report = case.session.scalars(select(Round).where(Round.job_id == case.job.id)).one().report
    assert report["cross_table"] == [[1, 2], [0, 3]]
    assert (report["agreed"], report["disagreed"]) == (4, 2)
    assert report["counts"] == [[3, 3], [1, 5]]
    assert report["accepted_by_class"] == [1, 3]


def test_the_unclear_wait_for_review_least_decided_first_and_no_seed_of_theirs_is_left(case: Case):
    case.publish()
    waiting = case.session.scalars(
        select(QueueEntry)
        .where(QueueEntry.project_id == case.project.id)
        .order_by(QueueEntry.pile, QueueEntry.rank)
    ).all()
    assert [(e.pile, e.image_id) for e in waiting] == [
        (Pile.REVIEW, case.images[2].id),
        (Pile.REVIEW, case.images[3].id),
        (Pile.SEED, case.images[6].id),
    ]


def test_every_labelers_word_on_every_image_is_kept(case: Case):
    case.publish()
    rows = case.session.execute(
        select(Prediction.score, Prediction.confidence)
        .where(Prediction.image_id == case.images[3].id)
        .order_by(Prediction.labeler_id)
    ).all()
    assert [(round(s, 2), round(c, 2)) for s, c in rows] == [(0.05, 0.95), (0.9, 0.9)]


def test_a_persons_word_stands_against_both_labelers(case: Case):
    author = add_user(case.session)
    closed = case.project.active_classes[0]
    answer = Answer(case.images[1].id, AnnotationKind.LABEL, closed.id, AnnotationSource.SEED, 1.0, "key-000001")
    submit_annotation(case.session, user=author, project_id=case.project.id, answer=answer)
    case.publish()
    image = case.session.get_one(Image, case.images[1].id)
    assert (image.state, image.class_id, image.label_source) == ("settled", closed.id, "seed")


def test_another_project_notices_nothing(case: Case):
    other = case.session.scalars(select(Project).where(Project.id != case.project.id)).one()
    before = loop_counts(case.session, other.id)
    case.publish()
    assert loop_counts(case.session, other.id) == before
