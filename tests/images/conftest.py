from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.config import Settings
from app.db import Database
from app.images.importing import import_images
from app.images.reports import ImportReport
from app.models import Base, Image, Project, QueueEntry, Role
from tests import factories
from tests.images.samples import zip_of


@dataclass
class Shelf:
    """An empty project of an engineer, beside a project whose images are other people's."""

    database: Database
    settings: Settings
    project: int
    user: int
    folder: Path
    noise: int

    def zip(self, files: dict[str, bytes], name: str = "eyes.zip") -> Path:
        path = self.folder / name
        path.write_bytes(zip_of(files))
        return path

    def take(self, source: Path | dict[str, bytes], **options: Any) -> ImportReport:
        path = self.zip(source) if isinstance(source, dict) else source
        return import_images(
            self.database, self.settings, project_id=self.project, user_id=self.user, source=path, **options
        )

    def images(self) -> list[Image]:
        with self.database.read() as session:
            query = select(Image).where(Image.project_id == self.project).order_by(Image.id)
            return list(session.scalars(query))

    def by_name(self) -> dict[str, Image]:
        return {image.name: image for image in self.images()}

    def waiting(self) -> set[int]:
        with self.database.read() as session:
            query = select(QueueEntry.image_id).where(QueueEntry.project_id == self.project)
            return set(session.scalars(query))

    def rows(self) -> dict[str, int]:
        with self.database.read() as session:
            return {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
            }

    def set_pattern(self, pattern: str) -> None:
        with self.database.write() as session:
            session.get_one(Project, self.project).group_pattern = pattern


@pytest.fixture
def shelf(database: Database, settings: Settings, tmp_path: Path) -> Shelf:
    with database.write() as session:
        noise = factories.add_project(session, "Noise")
        factories.add_images(session, noise, 3)
        user = factories.add_user(session, Role.ENGINEER)
        project = factories.add_project(session, "Eyes", members=[user.id])
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Shelf(database, settings, project.id, user.id, tmp_path, noise.id)


one_database: Callable[..., Any] = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what has nothing to do with the database."""
