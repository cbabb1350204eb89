"""A project in the middle of its loop, with a bake-off of one model whose files are there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.labeling.service import add_imported
from app.models import Bakeoff, Classifier, Image, Job, LabelClass, Project, QueueEntry, User
from tests.conftest import SignIn
from tests.factories import add_images, add_project, add_round, add_user

WEIGHTS = b"weights " * 1000
FIGURES = {
    "eer": {"value": 0.02, "low": 0.01, "high": 0.04},
    "accuracy": {"value": 0.75, "low": 0.5, "high": 1.0},
    "eer_threshold": {"value": 0.45, "low": 0.3, "high": 0.6},
}
REPORT = {
    "classes": ["closed", "open"],
    "splits": {"train": 8, "val": 2, "test": 4},
    "test_groups": 4,
    "test_sources": {"human": 2, "accepted": 2},
    "preset": "own",
    "settings": {"epochs": 2},
    "seed": 3,
    "seconds": 1.0,
    "environment": {"torch": "2", "device": "cpu", "code": "1"},
    "notes": ["A note."],
    "manifest_sha256": "0" * 64,
    "image_set": "a" * 64,
}


@dataclass
class Loop:
    """Six images: two answered, two accepted, one unclear, one that nobody has looked at."""

    project_id: int
    images: list[int]
    user_id: int


@pytest.fixture
def loop(database: Database) -> Loop:
    with database.write() as session:
        user = add_user(session, "engineer", "ann@lab.local")
        project = add_project(session, "eyes", members=[user.id])
        add_images(session, add_project(session, "noise"), 3)
        images = add_images(session, project, 6)
        closed, opened = project.classes
        sure, doubt = (opened, 0.9), (closed, 0.75)
        add_round(session, project, {
            images[0].id: [sure, sure], images[1].id: [sure, sure], images[2].id: [doubt, doubt],
            images[3].id: [sure, sure], images[4].id: [sure, doubt],
        })  # fmt: skip
        answer(session, project, user, images[0], opened, "seed")
        answer(session, project, user, images[1], closed, "review")
        session.add(QueueEntry(image_id=images[4].id, project_id=project.id, pile="review", rank=1.0))
        return Loop(project.id, [image.id for image in images], user.id)


def answer(session: Session, project: Project, user: User, image: Image, said: LabelClass, source: str) -> None:
    row = {"project_id": project.id, "image_id": image.id, "author_id": user.id, "class_id": said.id,
           "source": source, "idempotency_key": uuid4().hex, "round_id": None}  # fmt: skip
    add_imported(session, [row])


@pytest.fixture
def engineer(sign_in: SignIn) -> TestClient:
    return sign_in("admin")


def add_bakeoff(
    database: Database, settings: Settings, project_id: int, images: list[int], *names: str, number: int = 1
) -> list[int]:
    """Add a bake-off judged on four images, of which two are told wrong; return its classifiers' ids."""
    scores = np.array([[0.1, 0.9], [0.05, 0.95], [0.8, 0.2], [0.7, 0.3]], "<f4")
    with database.write() as session:
        job = Job(id=str(uuid4()), kind="bakeoff", project_id=project_id)
        session.add(job)
        session.flush()
        bakeoff = Bakeoff(
            project_id=project_id, job_id=job.id, number=number, positive=1, report=REPORT,
            class_ids=[c.id for c in session.get_one(Project, project_id).classes],
            test_image_ids=np.array(images[:4], "<i8").tobytes(),
            test_labels=np.array([1, 0, 0, 1], "<i2").tobytes(),
        )  # fmt: skip
        bakeoff.classifiers = [
            Classifier(
                position=place, name=name, title=name.title(), weights="scratch", parameters=11_000_000,
                seconds=1.0, best_epoch=1, folder=write_model(settings, f"{job.id}/models/{name}", name),
                sha256=hashlib.sha256(WEIGHTS).hexdigest(), metrics={"figures": FIGURES, "bytes": 8000},
                scores=scores.tobytes(),
            )
            for place, name in enumerate(names or ("resnet18",))
        ]  # fmt: skip
        session.add(bakeoff)
        session.flush()
        return [classifier.id for classifier in bakeoff.classifiers]


def write_model(settings: Settings, folder: str, name: str) -> str:
    """Write what the export looks at, and return the folder."""
    place = settings.runs_dir / folder
    place.mkdir(parents=True)
    (place / "model.safetensors").write_bytes(WEIGHTS)
    trained = {"settings": {"epochs": 2}, "weights": "scratch", "seed": 3, "best_epoch": 1, "parameters": 11,
               "seconds": 1.5, "code_version": "0.1"}  # fmt: skip
    config = {"name": name, "title": name.title(), "classes": ["closed", "open"], "positive": 1,
              "input_size": 32, "sha256": hashlib.sha256(WEIGHTS).hexdigest(), "trained": trained}  # fmt: skip
    (place / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def classifier_id(database: Database, settings: Settings, loop: Loop) -> int:
    return add_bakeoff(database, settings, loop.project_id, loop.images)[0]
