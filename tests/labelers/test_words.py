"""What labelers say goes in piece by piece: nobody waits for it, sees half of it or has it twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.labelers import words
from app.labelers.tasks import put_in
from app.models import Image, Job, Labeler, Prediction, Project, Round
from tests.conftest import SignIn
from tests.factories import add_images, add_project, add_round
from tests.finished import add_job, finished_run

COUNT = 20
AT_ONCE = 6
Result = TypeVar("Result")


class KilledError(Exception):
    """Stands for the end of a worker between two of its transactions."""


@dataclass
class Trained:
    """A project whose two labelers have just learnt, beside another whose round is done."""

    database: Database
    settings: Settings
    project: Project
    images: list[Image]
    job_id: str
    folder: Path

    def write(self, put: Callable[[Session, Job], Result]) -> Result:
        with self.database.write() as session:
            return put(session, session.get_one(Job, self.job_id))

    def learn(self, says: NDArray[np.float64]) -> None:
        """Leave what both labelers say of each image, class by class, in the job's run folder."""
        words = {"resnet50": says, "yolov8n-cls": says}
        self.folder = finished_run(
            Path(self.settings.data_dir) / self.job_id, self.project, "label", self.images, words
        )

    def learn_again(self, says: NDArray[np.float64]) -> None:
        with self.database.write() as session:
            self.job_id = add_job(session, self.project).id
        self.learn(says)

    def publish(self, write: Callable[..., object] | None = None) -> None:
        write = write or self.write
        write(put_in(write, self.settings, self.folder))  # type: ignore[arg-type]

    def killed_after(self, parts: int) -> None:
        """Publish, and die after so many transactions."""
        left = iter(range(parts))

        def write(put: Callable[[Session, Job], Result]) -> Result:
            if next(left, None) is None:
                raise KilledError
            return self.write(put)

        with pytest.raises(KilledError):
            self.publish(write)

    def counts(self) -> tuple[int, int, int]:
        """Return how many rounds, labelers and predictions the project has, and those that nobody can see."""
        with self.database.read() as session:
            rounds = select(func.count()).select_from(Round).where(Round.project_id == self.project.id)
            ours = select(Labeler.id).where(Labeler.job_id == self.job_id)
            return (
                session.scalar(rounds) or 0,
                session.scalar(select(func.count()).select_from(ours.subquery())) or 0,
                session.scalar(
                    select(func.count()).select_from(Prediction).where(Prediction.labeler_id.in_(ours))
                ) or 0,
            )  # fmt: skip

    def guesses(self) -> list[tuple[int | None, float | None]]:
        """Return what each image is taken for, and how surely."""
        with self.database.read() as session:
            said = select(Image.predicted_class_id, Image.confidence).where(Image.project_id == self.project.id)
            return [(class_id, sure) for class_id, sure in session.execute(said.order_by(Image.id))]


@pytest.fixture
def trained(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Trained:
    monkeypatch.setattr(words, "AT_ONCE", AT_ONCE)
    with database.write() as session:
        stranger = add_project(session)
        noise = add_images(session, stranger, 3)
        add_round(session, stranger, {image.id: [(stranger.classes[0], 0.9)] * 2 for image in noise})
        project = add_project(session)
        images = add_images(session, project, COUNT)
        job = add_job(session, project)
    trained = Trained(database, settings, project, images, job.id, Path(settings.data_dir))
    trained.learn(np.tile([0.9, 0.1], (COUNT, 1)))
    return trained


def answer(person: TestClient, trained: Trained, image: Image) -> None:
    body = {
        "image_id": image.id, "kind": "label", "class_id": trained.project.classes[1].id, "source": "seed",
        "seconds": 1.0, "key": f"key-of-image-{image.id}",
    }  # fmt: skip
    assert person.post(f"/projects/{trained.project.id}/annotations", json=body).status_code == 200


def test_answers_are_acknowledged_between_any_two_parts_and_stand_afterwards(trained: Trained, sign_in: SignIn):
    person, waiting = sign_in(), iter(trained.images)

    def write(put: Callable[[Session, Job], Result]) -> Result:
        result = trained.write(put)
        answer(person, trained, next(waiting))
        return result

    trained.publish(write)
    answered = trained.images.index(next(waiting))
    assert answered >= 2 * -(-COUNT // AT_ONCE)
    with trained.database.read() as session:
        states = list(
            session.scalars(select(Image.state).where(Image.project_id == trained.project.id).order_by(Image.id))
        )
    assert states == ["settled"] * answered + ["accepted"] * (COUNT - answered)


def test_nobody_sees_half_a_round(trained: Trained, sign_in: SignIn):
    person = sign_in()
    page = f"/projects/{trained.project.id}/labelers"
    before = person.get(page).text
    trained.killed_after(4)
    assert trained.counts()[2] > 0
    assert person.get(page).text == before
    with trained.database.read() as session:
        assert set(session.scalars(select(Image.state).where(Image.project_id == trained.project.id))) == {"new"}


@pytest.mark.parametrize("parts", [1, 2, 5, 10])
def test_killed_between_the_words_and_the_round_a_second_publishing_leaves_one_of_each(
    trained: Trained, parts: int
):
    trained.killed_after(parts)
    trained.publish()
    assert trained.counts() == (1, 2, 2 * COUNT)


def test_what_another_job_left_behind_when_it_died_goes_with_the_next_round(trained: Trained):
    trained.killed_after(5)
    with trained.database.write() as session:
        abandoned, trained.job_id = trained.job_id, add_job(session, trained.project).id
    trained.publish()
    assert trained.counts() == (1, 2, 2 * COUNT)
    trained.job_id = abandoned
    assert trained.counts() == (1, 0, 0)


def test_how_sure_they_are_is_put_in_early_where_they_say_the_same_as_before(trained: Trained):
    trained.publish()
    trained.learn_again(np.array([[0.7, 0.3]] * (COUNT - 1) + [[0.2, 0.8]]))
    name = put_in(trained.write, trained.settings, trained.folder)
    closed, opened = trained.project.classes
    same = [(closed.id, pytest.approx(0.7))] * (COUNT - 1)
    assert trained.guesses() == [*same, (closed.id, pytest.approx(0.9))]
    trained.write(name)
    assert trained.guesses() == [*same, (opened.id, pytest.approx(0.8))]
