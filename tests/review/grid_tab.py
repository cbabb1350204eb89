"""A browser tab with the grid, and a room whose images the labelers have looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import Annotation, Image
from tests.review.conftest import Room, Tab


@dataclass
class Grid:
    """A browser tab with the grid, as its script uses the server."""

    client: TestClient | httpx.Client
    room: Room
    name: str

    def claim(self, count: int = 4, have: Sequence[int] = (), **fields: Any) -> dict[str, Any]:
        body = {
            "tab": self.name, "class_id": self.room.classes[1], "of": "unclear", "order": "least", "count": count,
            "have": list(have),
        }  # fmt: skip
        response = self.client.post(f"/projects/{self.room.project}/grid/claim", json=body | fields)
        assert response.status_code == 200, response.text
        return response.json()

    def ids(self, count: int = 4, have: Sequence[int] = (), **fields: Any) -> list[int]:
        return [tile["id"] for tile in self.claim(count, have, **fields)["tiles"]]

    def accepted(self, count: int = 4, have: Sequence[int] = ()) -> list[int]:
        return self.ids(count, have, of="accepted", class_id=self.room.classes[0])

    def confirm(self, answers: dict[int, int], key: str | None = None, **fields: Any) -> Any:
        body = {
            "tab": self.name, "key": key or f"page_{uuid4().hex}", "seconds": 8.0, "left_out": [],
            "answers": [{"image_id": image, "class_id": chosen} for image, chosen in answers.items()],
        }  # fmt: skip
        return self.client.post(f"/projects/{self.room.project}/grid/answers", json=body | fields)

    def undo(self, page: str, image_ids: list[int]) -> Any:
        body = {"undoes": page, "key": f"page_{uuid4().hex}", "tab": self.name, "image_ids": image_ids}
        return self.client.post(f"/projects/{self.room.project}/grid/undo", json=body)


def grid_of(room: Room, tab: Tab | None = None) -> Grid:
    tab = tab or room.tab()
    return Grid(tab.client, room, tab.name)


def states(room: Room, ids: list[int]) -> list[str]:
    with room.database.read() as session:
        return [session.get_one(Image, image).state for image in ids]


def rows(room: Room) -> list[Annotation]:
    with room.database.read() as session:
        return list(session.scalars(select(Annotation).order_by(Annotation.id)))
