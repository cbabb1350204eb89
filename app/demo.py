"""A project of rendered eyes, so that a fresh machine can show the whole loop at once."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.config import Settings
from app.db import Database
from app.errors import NotFoundError
from app.images.limits import SHELL
from app.images.rendered import GROUP_PATTERN, write_eyes_zip
from app.images.service import LabelRow, import_images, import_labels
from app.labeling.queries import loop_counts
from app.models import AnnotationSource, Project, User
from app.projects.queries import get_project_by_name
from app.projects.service import create_project

NAME = "demo"
SEED = 7
SEED_ANSWERS = 100


@dataclass(frozen=True)
class Demo:
    project_id: int
    name: str
    images: int
    labelled: int


def make_demo(database: Database, settings: Settings, *, user_id: int, count: int) -> Demo:
    """Make the project `demo` with `count` eyes, a hundred of them labelled; what is there already stays.

    It trains from scratch where there are no pretrained weights: the demo needs no network.
    """
    project_id = _project(database, user_id)
    settings.uploads_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.uploads_dir) as folder:
        archive = Path(folder) / "eyes.zip"
        labels = write_eyes_zip(archive, count, SEED)
        import_images(
            database, settings, project_id=project_id, user_id=user_id, source=archive, name="rendered eyes",
            group_pattern=GROUP_PATTERN, limits=SHELL,
        )  # fmt: skip
    with database.write() as session:
        project, user = session.get_one(Project, project_id), session.get_one(User, user_id)
        # The eyes come in no order, so that the first ones are a fair sample.
        rows = [LabelRow(number, *label) for number, label in enumerate(labels[:SEED_ANSWERS], start=2)]
        import_labels(session, project=project, user=user, rows=rows, source=AnnotationSource.SEED)
        counts = loop_counts(session, project_id)
    return Demo(project_id, NAME, counts.images, counts.seed)


def _project(database: Database, user_id: int) -> int:
    with database.write() as session:
        try:
            return get_project_by_name(session, NAME).id
        except NotFoundError:
            user = session.get_one(User, user_id)
            return create_project(
                session, user=user, name=NAME, classes=["closed", "open"], positive="open",
                seed_size=SEED_ANSWERS, from_scratch=True,
            ).id  # fmt: skip
