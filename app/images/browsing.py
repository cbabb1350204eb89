"""Reads for the page of images: filters, pages by key, and what was imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.errors import BadInputError, NotFoundError
from app.images.queries import image_url
from app.languages import gettext as _
from app.models import UNSEEN, AnnotationSource, Image, ImageState, ImportBatch, Project
from app.projects.queries import LARGEST_ID

PAGE = 144
"""Fills whole rows of most widths."""
TILE_PIXELS = 160
"""Longest side of a tile's picture: its place on a screen of double density."""
STATES = [state.value for state in ImageState]
SOURCES = [*(source.value for source in AnnotationSource), *UNSEEN]


@dataclass(frozen=True)
class ImageFilter:
    """Which images to show; empty means any. Only these words reach the database."""

    state: str = ""
    class_id: int | None = None
    source: str = ""
    text: str = ""
    """Part of the file name, upper or lower case alike."""

    def __post_init__(self) -> None:
        if self.state and self.state not in STATES:
            raise BadInputError(_("state: there is no such state."))
        if self.source and self.source not in SOURCES:
            raise BadInputError(_("source: there is no such source of labels."))

    def conditions(self, project_id: int) -> list[ColumnElement[bool]]:
        wanted = [Image.project_id == project_id]
        if self.state:
            wanted.append(Image.state == self.state)
        if self.class_id is not None:
            wanted.append(Image.class_id == self.class_id)
        if self.source:
            wanted.append(Image.label_source == self.source)
        if self.text:
            wanted.append(Image.name.icontains(self.text, autoescape=True))
        return wanted

    def query(self, **changes: Any) -> str:
        """Return the filter as a query string, some of it changed."""
        values = {
            "state": self.state,
            "class_id": self.class_id,
            "source": self.source,
            "q": self.text,
            **changes,
        }
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True)
class Tile:
    """An image as the grid shows it."""

    id: int
    name: str
    url: str
    width: int
    height: int
    state: str
    class_id: int | None
    source: str | None
    flagged: bool


@dataclass(frozen=True)
class TilePage:
    tiles: list[Tile]
    matching: int
    next_after: int | None
    """Key of the next page."""


def list_tiles(session: Session, project_id: int, wanted: ImageFilter, after: int = 0) -> TilePage:
    """Return the images after the key `after`, in the order in which they came."""
    conditions = wanted.conditions(project_id)
    rows = session.execute(
        select(
            Image.id,
            Image.name,
            Image.sha256,
            Image.width,
            Image.height,
            Image.state,
            Image.class_id,
            Image.label_source,
            Image.flagged,
        )
        .where(*conditions, Image.id > min(after, LARGEST_ID))
        .order_by(Image.id)
        .limit(PAGE + 1)
    ).all()
    # A name is searched for row by row: when all that match are at hand, they are not counted once more.
    matching = (
        session.scalar(select(func.count()).select_from(Image).where(*conditions)) or 0
        if after or len(rows) > PAGE
        else len(rows)
    )
    tiles = [_tile(project_id, row) for row in rows[:PAGE]]
    return TilePage(tiles, matching, tiles[-1].id if len(rows) > PAGE else None)


def _tile(project_id: int, row: Any) -> Tile:
    size = TILE_PIXELS if max(row.width, row.height) > TILE_PIXELS else None
    return Tile(
        id=row.id,
        name=row.name,
        url=image_url(project_id, row.id, row.sha256, size),
        width=row.width,
        height=row.height,
        state=row.state,
        class_id=row.class_id,
        source=row.label_source,
        flagged=row.flagged,
    )


def count_states(session: Session, project_id: int) -> dict[str, int]:
    rows = session.execute(
        select(Image.state, func.count().label("images"))
        .where(Image.project_id == project_id)
        .group_by(Image.state)
    )
    return {row.state: row.images for row in rows}


def list_imports(session: Session, project_id: int, limit: int = 5) -> Sequence[ImportBatch]:
    """Return the newest imports first."""
    query = select(ImportBatch).where(ImportBatch.project_id == project_id)
    return session.scalars(query.order_by(ImportBatch.id.desc()).limit(limit)).all()


def get_import(session: Session, project: Project, import_id: int) -> ImportBatch:
    batch = session.get(ImportBatch, import_id) if 0 < import_id <= LARGEST_ID else None
    if batch is None or batch.project_id != project.id:
        raise NotFoundError(_("There is no such import."))
    return batch
