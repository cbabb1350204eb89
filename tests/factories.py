"""Rows for tests: people, projects with classes, images with real PNG bytes, rounds with opinions."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from functools import cache
from uuid import uuid4

import numpy as np
from PIL import Image as Pictures
from sqlalchemy import Delete, delete, insert
from sqlalchemy.orm import Session

from app.labeling.settle import settle_project
from app.models import (
    Image,
    ImageBlob,
    Job,
    LabelClass,
    Labeler,
    Prediction,
    Project,
    ProjectMember,
    QueueEntry,
    Role,
    Round,
    User,
)

Opinion = tuple[LabelClass, float]
"""A class, and how sure the labeler is of it."""


def add_user(session: Session, role: str = Role.ANNOTATOR, email: str | None = None) -> User:
    user = User(email=email or f"{role}-{uuid4().hex[:8]}@example.org", role=role)
    session.add(user)
    session.flush()
    return user


def add_project(
    session: Session,
    name: str | None = None,
    classes: Sequence[str] = ("closed", "open"),
    members: Sequence[int] = (),
    **fields: object,
) -> Project:
    """Add a project whose last class is the positive one; keys are 1, 2, 3…; `members` are user ids."""
    project = Project(name=name or f"project {uuid4().hex[:8]}", **fields)
    project.classes = [
        LabelClass(name=title, key=str(i + 1), color=i, position=i, positive=i == len(classes) - 1)
        for i, title in enumerate(classes)
    ]
    session.add(project)
    session.flush()
    session.add_all([ProjectMember(project_id=project.id, user_id=user_id) for user_id in members])
    session.flush()
    return project


@cache
def png(number: int, side: int = 8) -> bytes:
    """Return a grey picture, another for each number."""
    pixels = np.random.default_rng(number).integers(0, 256, (side, side), dtype=np.uint8)
    stream = io.BytesIO()
    Pictures.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def add_images(session: Session, project: Project, count: int, side: int = 8) -> list[Image]:
    """Add `count` new images; each project's pictures are its own."""
    drawn = [png(project.id * 1_000_000 + i, side) for i in range(count)]
    shas = [hashlib.sha256(data).hexdigest() for data in drawn]
    blobs = [{"sha256": s, "data": d, "size": len(d)} for s, d in zip(shas, drawn, strict=True)]
    session.execute(insert(ImageBlob), blobs)
    images = [
        Image(
            project_id=project.id, sha256=sha, name=f"{i:06d}.png", width=side, height=side, grey=True,
            difference_hash=f"{i:016x}", group_key=sha,
        )
        for i, sha in enumerate(shas)
    ]  # fmt: skip
    session.add_all(images)
    session.flush()
    return images


def add_round(
    session: Session, project: Project, opinions: Mapping[int, Sequence[Opinion]], number: int = 1
) -> Round:
    """Add a published round: what each labeler says of each image; where they agree they propose the class."""
    job = Job(id=str(uuid4()), kind="label", project_id=project.id)
    session.add(job)
    session.flush()
    published = Round(project_id=project.id, job_id=job.id, number=number, recipe="founding")
    titles = ["ResNet50", "YOLOv8n", "Third"][: max(map(len, opinions.values()), default=2)]
    published.labelers = [
        Labeler(
            position=i, name=title.lower(), title=title, weights="scratch", parameters=1, seconds=1.0,
            folder="run", sha256="0" * 64,
        )
        for i, title in enumerate(titles)
    ]  # fmt: skip
    session.add(published)
    session.flush()
    positive = project.positive_class.id
    session.add_all(
        Prediction(
            labeler_id=labeler.id, image_id=image_id, class_id=said.id, confidence=sure,
            score=sure if said.id == positive else 1 - sure,
        )
        for image_id, says in opinions.items()
        for labeler, (said, sure) in zip(published.labelers, says, strict=True)
    )  # fmt: skip
    for image_id, says in opinions.items():
        classes = {said.id for said, _sure in says}
        image = session.get_one(Image, image_id)
        image.proposed_class_id = classes.pop() if len(classes) == 1 else None
        surest, image.confidence = max(says, key=lambda said: said[1])
        image.predicted_class_id = surest.id
    session.flush()
    settle_project(session, project.id)
    return published


def no_longer_waits(image_id: int) -> Delete:
    return delete(QueueEntry).where(QueueEntry.image_id == image_id)
