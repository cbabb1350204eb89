"""A project that is ready for its bake-off, and one with a published one that knows all a training finds out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from app.config import Settings
from app.db import Database
from app.labeling.service import add_imported
from app.labeling.settle import settle_project
from app.models import Annotation, Bakeoff, Project
from app.results.tasks import publish
from ml.metrics import summarise
from tests.factories import add_images, add_project, add_user
from tests.finished import add_findings, add_job, finished_run

COUNT = 60


def scores(classes: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed).random((COUNT, classes)) + 0.05
    return (random / random.sum(1, keepdims=True)).astype(np.float32)


@pytest.fixture
def published(database: Database, settings: Settings, request: pytest.FixtureRequest) -> Project:
    classes = getattr(request, "param", ("closed", "open"))
    with database.write() as session:
        stranger = add_project(session)
        add_images(session, stranger, 3)
        project = add_project(session, classes=classes)
        images = add_images(session, project, COUNT)
        labels = [i % len(classes) for i in range(COUNT)]
        person = add_user(session).id
        add_imported(
            session,
            [
                {
                    "project_id": project.id, "image_id": image.id, "author_id": person,
                    "class_id": project.classes[label].id, "source": "import",
                    "idempotency_key": f"import-{image.id}",
                }
                for image, label in zip(images, labels, strict=True)
            ],
        )  # fmt: skip
        given = {"resnet18": scores(len(classes), 1), "resnet50": scores(len(classes), 2)}
        job = add_job(session, project, "bakeoff")
        figures = summarise(np.array(labels), given["resnet18"], [str(i) for i in range(COUNT)], 1)
        folder = finished_run(
            Path(settings.data_dir) / job.id, project, "bakeoff", images, given, labels, figures
        )
        add_findings(folder)
        for _ in range(2):
            publish(session, settings, job, folder)
        session.flush()
        assert session.scalar(select(func.count()).select_from(Bakeoff)) == 1
    return project


@pytest.fixture
def labelled(database: Database) -> int:
    """The id of a project with enough answers, beside a stranger."""
    with database.write() as session:
        add_images(session, add_project(session), 3)
        project, author = add_project(session), add_user(session)
        for number, image in enumerate(add_images(session, project, 24)):
            answer = Annotation(
                project_id=project.id, image_id=image.id, author_id=author.id, seconds=1.0, source="seed",
                class_id=project.classes[number % 2].id, kind="label", idempotency_key=str(number),
            )  # fmt: skip
            session.add(answer)
        session.flush()
        project_id = project.id
        settle_project(session, project_id)
    return project_id
