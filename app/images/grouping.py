"""Keeps a project's groups: images that must never part, by file name and by looks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.images.children import Child
from app.images.queries import bytes_of, read_rows
from app.labeling.settle import settle_twins_of_project
from app.models import Image, Project
from app.parts import in_parts
from app.storage import BlobStore, MissingBlobError
from ml.turns import one_at_a_time

GROUPER = "app.images.grouper"
SECONDS = 600.0
"""Far above what 100,000 images need; a pattern that takes longer is hostile."""
Change = tuple[int, str, str | None]
"""An image's id, its group's key and its near duplicates' key."""
ROWS = 500
PICTURES = 50
"""Held in memory at a time."""


def update_groups(
    database: Database,
    settings: Settings,
    project_id: int,
    new_ids: Collection[int] | None = None,
    pattern: str | None = None,
) -> int:
    """Set the group and twin keys of a project's images and return how many pairs of near duplicates were found.

    `new_ids`: the images not compared yet; they join the groups there are. None: all groups are made afresh.
    `pattern`: becomes the project's together with the groups that it makes. Raise TimeoutError or ChildDiedError
    when it cannot be done; pattern and keys are then as before.
    """
    if new_ids is not None and not new_ids:
        return 0
    folder = settings.packs_dir / str(project_id)
    folder.mkdir(parents=True, exist_ok=True)
    # Two imports at once would each join its images to what the other is about to move to another group.
    with one_at_a_time(folder, lambda: None):
        with closing(Child(GROUPER)) as child:
            store = BlobStore(settings.blobs_dir)
            pairs, changes = _converse(child, database, store, project_id, new_ids, pattern)
        with database.write() as session:
            if pattern is not None:
                session.get_one(Project, project_id).group_pattern = pattern
            if changes:  # by id, as those who answer lock images: in another order each could wait for the other
                names = ("id", "group_key", "twin_key")
                session.execute(update(Image), [dict(zip(names, change, strict=True)) for change in changes])
            settle_twins_of_project(session, project_id)
    return pairs


def _converse(
    child: Child,
    database: Database,
    store: BlobStore,
    project_id: int,
    new_ids: Collection[int] | None,
    pattern: str | None,
) -> tuple[int, list[Change]]:
    """Speak with the child as `app.images.grouper` describes; return how many pairs, and the changes by id."""
    with database.read() as session:
        if pattern is None:
            pattern = session.scalars(select(Project.group_pattern).where(Project.id == project_id)).one()
        child.send_json({"pattern": pattern, "afresh": new_ids is None})
        for chunk in _rows(session, project_id, new_ids):
            child.send_json(chunk)
        child.send_json([])
    _send_pixels(child, database, store, child.receive_json(SECONDS))
    answer = child.receive_json(SECONDS)
    changes: list[Change] = []
    while len(changes) < answer["changes"]:
        changes += child.receive_json(SECONDS)
    return answer["pairs"], sorted(changes)


def _rows(session: Session, project_id: int, new_ids: Collection[int] | None) -> Iterator[list[Any]]:
    columns = (Image.id, Image.name, Image.sha256, Image.difference_hash, Image.group_key, Image.twin_key)
    query = select(*columns)
    result = session.execute(query.where(Image.project_id == project_id).execution_options(yield_per=ROWS))
    for rows in result.partitions():
        yield [[*row, new_ids is None or row.id in new_ids] for row in rows]


def _send_pixels(child: Child, database: Database, store: BlobStore, wanted: list[int]) -> None:
    for ids in in_parts(wanted, PICTURES):
        with database.read() as session:
            found = session.execute(select(Image.id, Image.sha256).where(Image.id.in_(ids)))
            sha256s = {row.id: row.sha256 for row in found}
            rows = read_rows(session, list(sha256s.values()))
        for image_id in ids:
            child.send(_bytes_or_nothing(store, sha256s.get(image_id, ""), rows))


def _bytes_or_nothing(store: BlobStore, sha256: str, rows: Mapping[str, bytes | None]) -> bytes:
    try:
        return bytes_of(store, sha256, rows)
    except MissingBlobError:
        return b""
