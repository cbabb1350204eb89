from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.models import Project, ProjectMember
from app.review.service import fill_review, fill_seed
from tests import factories
from tests.conftest import SignIn

UNCLEAR = 12
"""The first twelve images are unclear, rather open, each surer than the one before; the others surely closed."""


@dataclass
class Tab:
    """A browser tab of an annotator, as the screen's script uses the server."""

    client: TestClient
    project: int
    name: str = field(default_factory=lambda: uuid4().hex)

    def claim(
        self, count: int = 5, have: tuple[int, ...] = (), pile: str = "seed", **more: Any
    ) -> dict[str, Any]:
        body = {"tab": self.name, "count": count, "have": list(have), **more}
        response = self.client.post(f"/projects/{self.project}/queue/{pile}/claim", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def ids(self, count: int = 5, have: tuple[int, ...] = (), pile: str = "seed") -> list[int]:
        return [item["id"] for item in self.claim(count, have, pile)["items"]]

    def answer(self, image_id: int, class_id: int | None, **fields: Any) -> Any:
        body = {
            "image_id": image_id, "kind": "label", "class_id": class_id, "source": "seed", "seconds": 0.5,
            "key": uuid4().hex,
        }  # fmt: skip
        return self.client.post(f"/projects/{self.project}/annotations", json=body | fields)

    def undo(self, key: str) -> Any:
        body = {"undoes": key, "key": uuid4().hex, "tab": self.name}
        return self.client.post(f"/projects/{self.project}/annotations/undo", json=body)


@dataclass
class Room:
    """A project of thirty new images that wait for seed answers, beside a project of other people's."""

    database: Database
    sign_in: SignIn
    project: int
    classes: list[int]
    images: list[int]
    noise: int
    noise_images: list[int]

    def tab(self, email: str | None = None, role: str = "annotator", *, member: bool = True) -> Tab:
        client = self.sign_in(role, email)
        if member:
            with self.database.write() as session:
                session.add(ProjectMember(project_id=self.project, user_id=client.user_id))
        client.headers["Accept"] = "application/json"
        return Tab(client, self.project)


@pytest.fixture
def room(database: Database, sign_in: SignIn) -> Room:
    with database.write() as session:
        noise = factories.add_project(session, "Noise")
        noise_images = [image.id for image in factories.add_images(session, noise, 10)]
        project = factories.add_project(session, "Eyes", seed_size=12)
        images = [image.id for image in factories.add_images(session, project, 30)]
        fill_seed(session, noise.id)
        fill_seed(session, project.id)
        classes = [c.id for c in project.classes]
    return Room(database, sign_in, project.id, classes, images, noise.id, noise_images)


def publish(room: Room, number: int = 1, *, unclear: int = UNCLEAR) -> None:
    with room.database.write() as session:
        project = session.get_one(Project, room.project)
        closed, opened = project.classes
        says = {
            image: [(opened, 0.6 + i / 100), (closed, 0.5)] if i < unclear else [(closed, 0.8 + i / 1000)] * 2
            for i, image in enumerate(room.images)
        }
        factories.add_round(session, project, says, number)
        fill_review(session, room.project, {image: float(i) for i, image in enumerate(room.images[:unclear])})


@pytest.fixture
def scored(room: Room) -> Room:
    publish(room)
    return room


def add_round(room: Room, number: int = 1) -> None:
    """The first two images are unclear, the other 28 accepted as open."""
    with room.database.write() as session:
        project = session.get_one(Project, room.project)
        closed, open_ = project.classes
        unsure, sure = [(closed, 0.7), (open_, 0.6)], [(open_, 0.9), (open_, 0.95)]
        says = {image: unsure if i < 2 else sure for i, image in enumerate(room.images)}
        factories.add_round(session, project, says, number)
        fill_review(session, room.project, {room.images[0]: 0.2, room.images[1]: 0.1})


@pytest.fixture
def auditor(room: Room) -> Tab:
    add_round(room)
    return room.tab()
