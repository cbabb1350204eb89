"""States are derived alike for one image and for a whole project, and twice is once."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import Database
from app.labeling.settle import settle, settle_project, settle_twins_of_project
from app.models import Annotation, Image
from tests import factories

State = dict[int, tuple[str, int | None, str | None]]


def states(session: Session, project_id: int) -> State:
    rows = session.execute(
        select(Image.id, Image.state, Image.class_id, Image.label_source).where(Image.project_id == project_id)
    )
    return {row.id: (row.state, row.class_id, row.label_source) for row in rows}


def settle_all(session: Session, project_id: int) -> None:
    settle_project(session, project_id)
    settle_twins_of_project(session, project_id)


def scramble(session: Session, project_id: int) -> None:
    session.execute(
        update(Image).where(Image.project_id == project_id).values(state="new", class_id=None, label_source="x")
    )


@pytest.mark.parametrize("twins", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_whole_project_is_settled_as_its_images_one_by_one(database: Database, seed: int, *, twins: bool):
    lot = random.Random(seed)
    with database.write() as session:
        author = factories.add_user(session)
        noise = factories.add_project(session)
        factories.add_images(session, noise, 4)
        project = factories.add_project(session, settle_twins=twins)
        images = factories.add_images(session, project, 40)
        for number, image in enumerate(images):
            image.twin_key = f"look {number // 6}" if number % 2 else None
        for image in lot.sample(images, 20):
            _say(session, lot, image, author.id)
        _publish(session, lot, project, images[:30], number=1)
        _publish(session, lot, project, images[:35], number=2)

        settle_all(session, project.id)
        whole = states(session, project.id)
        scramble(session, project.id)
        settle(session, [image.id for image in images])
        assert states(session, project.id) == whole
        settle_all(session, project.id)
        assert states(session, project.id) == whole
        scramble(session, project.id)
        settle_all(session, project.id)
        assert states(session, project.id) == whole
        assert twins == ("twin" in {source for _state, _class, source in whole.values()})
        assert {state for state, _class, _source in whole.values()} >= {"accepted", "unclear", "settled", "new"}
        assert set(states(session, noise.id).values()) == {("new", None, None)}


def _say(session: Session, lot: random.Random, image: Image, author: int) -> None:
    classes = [None, *(c.id for c in session.get_one(factories.Project, image.project_id).classes)]
    for step in range(lot.randint(1, 3)):
        class_id = lot.choice(classes)
        said = Annotation(
            project_id=image.project_id, image_id=image.id, author_id=author, class_id=class_id, seconds=1.0,
            kind="label" if class_id else "cant_tell", source="review", idempotency_key=f"{image.id}-{step}",
        )  # fmt: skip
        session.add(said)
        session.flush()
        if lot.random() < 0.5:
            undo = Annotation(
                project_id=image.project_id, image_id=image.id, author_id=author, kind="undo", seconds=0.0,
                source="review", undoes_id=said.id, idempotency_key=f"{image.id}-{step}-undo",
            )  # fmt: skip
            session.add(undo)
    session.flush()


def _publish(
    session: Session, lot: random.Random, project: factories.Project, images: list[Image], number: int
) -> None:
    says = {
        image.id: [(lot.choice(project.classes), 0.8), (lot.choice(project.classes), 0.7)] for image in images
    }
    factories.add_round(session, project, says, number)
