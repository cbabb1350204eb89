"""Fifty people at once over real HTTP: each image goes to as many as it needs, no answer lost, none doubled."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.db import Database
from app.models import Annotation, Image, Project, ProjectMember, QueueEntry
from app.review.service import fill_seed
from app.security import COOKIE, open_session
from tests import factories
from tests.web import SAME_SITE, served

PEOPLE = 50


def enter(database: Database, project: int) -> list[str]:
    """Let fifty annotators join; return their session tokens."""
    with database.write() as session:
        people = [factories.add_user(session) for _ in range(PEOPLE)]
        session.add_all(ProjectMember(project_id=project, user_id=person.id) for person in people)
        return [open_session(session, person, days=1) for person in people]


class Person:
    """Claims, answers, and sends every third answer twice at once, as a bad network does."""

    def __init__(self, address: str, project: int, token: str) -> None:
        self.client = httpx.Client(
            base_url=address,
            cookies={COOKIE: token},
            headers=SAME_SITE | {"Accept": "application/json"},
            timeout=60,
        )
        self.here = f"/projects/{project}"
        self.tab = uuid4().hex
        self.served: list[int] = []
        self.acknowledged: dict[int, int] = {}

    def work(self, class_id: int) -> None:
        while ids := self.claim():
            self.served += ids
            for image_id in ids:
                self.answer(image_id, class_id, twice=image_id % 3 == 0)

    def claim(self) -> list[int]:
        response = self.client.post(f"{self.here}/queue/seed/claim", json={"tab": self.tab, "count": 2})
        assert response.status_code == 200, response.text
        return [item["id"] for item in response.json()["items"]]

    def answer(self, image_id: int, class_id: int, *, twice: bool) -> None:
        body = {"image_id": image_id, "kind": "label", "class_id": class_id, "source": "seed", "seconds": 0.1}
        body["key"] = uuid4().hex

        def send(_attempt: int) -> int:
            response = self.client.post(f"{self.here}/annotations", json=body)
            assert response.status_code == 200, response.text
            return response.json()["saved"]

        with ThreadPoolExecutor(2) as pool:
            rows = set(pool.map(send, range(2 if twice else 1)))
        assert len(rows) == 1
        self.acknowledged[image_id] = rows.pop()


@pytest.mark.parametrize(("overlap", "images"), [(1, 180), (2, 45), (3, 30)])
def test_fifty_people_label_a_pile_without_doubling_or_losing_an_answer(
    app: FastAPI, database: Database, overlap: int, images: int
):
    with database.write() as session:
        noise = factories.add_project(session)
        factories.add_images(session, noise, 20)
        project = factories.add_project(session, overlap=overlap)
        factories.add_images(session, project, images)
        fill_seed(session, noise.id)
        fill_seed(session, project.id)
        closed = project.classes[0].id
    tokens = enter(database, project.id)
    with served(app) as address:
        people = [Person(address, project.id, token) for token in tokens]
        together = threading.Barrier(PEOPLE)

        def work(person: Person) -> None:
            together.wait()
            person.work(closed)

        with ThreadPoolExecutor(PEOPLE) as pool:
            # Who finds nothing goes, and comes again: what another had on screen may wait for one more answer.
            while waits(database, project.id):
                list(pool.map(work, people))
    check(database, project, people)


def waits(database: Database, project: int) -> bool:
    with database.read() as session:
        return session.scalar(select(QueueEntry.image_id).where(QueueEntry.project_id == project)) is not None


def check(database: Database, project: Project, people: list[Person]) -> None:
    acknowledged = {row for person in people for row in person.acknowledged.values()}
    with database.read() as session:
        images = session.scalars(select(Image.id).where(Image.project_id == project.id)).all()
        rows = session.scalars(select(Annotation)).all()
        states = set(session.scalars(select(Image.state).where(Image.project_id == project.id)))
        waiting = session.scalars(select(QueueEntry.image_id).where(QueueEntry.project_id == project.id)).all()
        untouched = session.scalars(select(Image.state).where(Image.project_id != project.id)).all()
    wanted = dict.fromkeys(images, project.overlap)
    assert all(len(person.served) == len(set(person.served)) for person in people)
    assert Counter(image for person in people for image in person.served) == wanted
    assert {row.id for row in rows} == acknowledged
    assert Counter(row.image_id for row in rows) == wanted
    assert len({(row.image_id, row.author_id) for row in rows}) == len(rows)
    assert (states, waiting) == ({"settled"}, [])
    assert untouched == ["new"] * 20
