"""Puts decoded images into the tables, a short transaction for each batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Insert, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import Image, ImageBlob
from app.models.base import now
from app.models.image import ImageState
from app.storage import LARGEST_IN_ROW, BlobStore

ROWS_A_BATCH = 200
BYTES_A_BATCH = 8_000_000


@dataclass(frozen=True)
class NewImage:
    """A picture that was decoded and is not in the project yet."""

    name: str
    sha256: str
    data: bytes
    width: int
    height: int
    grey: bool
    difference_hash: str


def list_known(session: Session, project_id: int, sha256s: Iterable[str]) -> dict[str, int]:
    """Return the image ids of those contents that the project has."""
    query = select(Image.sha256, Image.id).where(Image.project_id == project_id, Image.sha256.in_(list(sha256s)))
    return {row.sha256: row.id for row in session.execute(query)}


def store_large(store: BlobStore, images: Iterable[NewImage]) -> None:
    """Write what is too large for a row. Before the transaction: a row never names a file that is not there."""
    for image in images:
        if len(image.data) > LARGEST_IN_ROW:
            store.put(image.sha256, image.data)


def insert_images(
    session: Session, project_id: int, import_id: int, images: Sequence[NewImage]
) -> dict[str, int]:
    """Add the images; return the ids by sha256 of those that nobody else added meanwhile."""
    if not images:
        return {}
    blobs = [
        {"sha256": i.sha256, "size": len(i.data), "data": i.data if len(i.data) <= LARGEST_IN_ROW else None}
        for i in images
    ]
    session.execute(_insert_absent(session, ImageBlob.__table__), blobs)
    moment = now()
    rows = [_row(project_id, import_id, image, moment) for image in images]
    statement = _insert_absent(session, Image.__table__).returning(Image.id, Image.sha256)
    return {row.sha256: row.id for row in session.execute(statement, rows)}


def _row(project_id: int, import_id: int, image: NewImage, moment: Any) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "import_id": import_id,
        "sha256": image.sha256,
        "name": image.name,
        "width": image.width,
        "height": image.height,
        "grey": image.grey,
        "difference_hash": image.difference_hash,
        "group_key": image.sha256,
        "state": ImageState.NEW,
        "flagged": False,
        "created_at": moment,
    }


def _insert_absent(session: Session, table: Any) -> Insert:
    assert isinstance(table, Table)  # noqa: S101  of a mapped class
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return insert(table)
