"""A project that is ready for its bake-off."""

from __future__ import annotations

import pytest

from app.db import Database
from app.labeling.settle import settle_project
from app.models import Annotation
from tests.factories import add_images, add_project, add_user


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
