from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from app.db import Database
from app.labeling import service
from app.models import Annotation, AnnotationKind, AnnotationSource, Image, QueueEntry, User
from app.review.service import fill_review, fill_seed
from tests import factories


@dataclass
class Lab:
    """A project of six images, of which the round leaves 0 and 1 unclear, beside a project of other people's."""

    database: Database
    project: int
    closed: int
    open: int
    images: list[int]
    ann: int
    bob: int
    foreign_class: int
    foreign_image: int

    def answer(self, image: int, class_id: int | None = None, user: int | None = None, **fields: Any) -> int:
        """Answer the image of this index as `user` (default Ann), in a transaction; return the row's id."""
        kind = fields.pop("kind", AnnotationKind.LABEL if class_id else AnnotationKind.CANT_TELL)
        fields.setdefault("key", f"key-{user or self.ann}-{image}-{class_id}")
        answer = service.Answer(
            **{"image_id": self.images[image], "kind": kind, "class_id": class_id, "seconds": 1.5}
            | {"source": AnnotationSource.REVIEW} | fields
        )  # fmt: skip
        with self.database.write() as session:
            author = session.get_one(User, user or self.ann)
            row = service.submit_annotation(session, user=author, project_id=self.project, answer=answer)
            session.flush()
            return row.id

    def undo(self, undoes: str, key: str, user: int | None = None) -> int:
        with self.database.write() as session:
            author = session.get_one(User, user or self.ann)
            return service.undo(
                session, user=author, project_id=self.project, undoes_key=undoes, key=key
            ).id  # fmt: skip

    def label(self, image: int) -> tuple[str, int | None, str | None]:
        with self.database.read() as session:
            row = session.get_one(Image, self.images[image])
            return row.state, row.class_id, row.label_source

    def waits(self, image: int) -> bool:
        with self.database.read() as session:
            return session.get(QueueEntry, self.images[image]) is not None

    def count(self, **by: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(Annotation).filter_by(**by)) or 0

    def rows(self) -> list[Annotation]:
        with self.database.read() as session:
            return list(session.scalars(select(Annotation).order_by(Annotation.id)))


@pytest.fixture
def lab(database: Database) -> Lab:
    with database.write() as session:
        ann, bob, stranger = (factories.add_user(session) for _ in range(3))
        noise = factories.add_project(session, "Noise", members=[stranger.id])
        foreign = factories.add_images(session, noise, 3)
        fill_seed(session, noise.id)
        project = factories.add_project(session, "Eyes", members=[ann.id, bob.id])
        images = factories.add_images(session, project, 6)
        closed, open_ = project.classes
        unsure = [(closed, 0.7), (open_, 0.6)]
        sure = [(open_, 0.9), (open_, 0.95)]
        opinions = {image.id: unsure if i < 2 else sure for i, image in enumerate(images)}
        factories.add_round(session, project, opinions)
        fill_review(session, project.id, {images[0].id: 0.1, images[1].id: 0.2})
        return Lab(
            database, project.id, closed.id, open_.id, [i.id for i in images], ann.id, bob.id,
            noise.classes[0].id, foreign[0].id,
        )  # fmt: skip
