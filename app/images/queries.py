"""Reads about images: for this slice's pages, and for the other slices."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.images.sheets import COLUMNS, LARGEST_IN_SHEET, MOST_IN_SHEET
from app.languages import gettext as _
from app.models import Image, ImageBlob
from app.parts import in_parts
from app.projects.queries import LARGEST_ID
from app.storage import BlobStore, MissingBlobError


@dataclass(frozen=True)
class StoredImage:
    """What serving and packing need of an image, without its bytes."""

    id: int
    sha256: str
    width: int
    height: int
    grey: bool
    group_key: str


def image_url(project_id: int, image_id: int, sha256: str, size: int | None = None) -> str:
    """Return the address of the picture as PNG, which browsers may keep for ever.

    The content's hash is part of it: ids begin anew in a new database, and a kept picture must not be shown for
    another. `size`: the longest side in pixels, for a thumbnail.
    """
    scaled = f"&size={size}" if size else ""
    return f"/projects/{project_id}/images/{image_id}.png?v={sha256[:12]}{scaled}"


def sheet_version(sha256s: Sequence[str]) -> str:
    return hashlib.sha256("".join(sha256s).encode()).hexdigest()[:12]


def sheet_url(project_id: int, image_ids: Sequence[int], sha256s: Sequence[str]) -> str:
    """Return the address of many tiny pictures in one, which browsers may keep for ever."""
    ids = ",".join(map(str, image_ids))
    return f"/projects/{project_id}/images/sheet.png?ids={ids}&v={sheet_version(sha256s)}"


@dataclass(frozen=True)
class Cell:
    """Where a tiny picture stands in a sheet that it shares with others."""

    sheet: str
    cell: int
    columns: int = COLUMNS


def sheet_cells(project_id: int, images: Sequence[Image]) -> dict[int, Cell]:
    """Return image id → cell for the tiny ones among these images; the others come by themselves."""
    tiny = [image for image in images if max(image.width, image.height) <= LARGEST_IN_SHEET]
    cells: dict[int, Cell] = {}
    for part in in_parts(tiny, MOST_IN_SHEET):
        url = sheet_url(project_id, [image.id for image in part], [image.sha256 for image in part])
        cells |= {image.id: Cell(url, number) for number, image in enumerate(part)}
    return cells


def get_stored_image(session: Session, project_id: int, image_id: int) -> StoredImage:
    if 0 < image_id <= LARGEST_ID:
        row = session.execute(_stored().where(Image.id == image_id, Image.project_id == project_id)).one_or_none()
        if row is not None:
            return StoredImage(*row)
    raise NotFoundError(_("There is no such image."))


def list_stored_images(session: Session, project_id: int) -> list[StoredImage]:
    """Return a project's images in the order of their ids."""
    rows = session.execute(_stored().where(Image.project_id == project_id).order_by(Image.id))
    return [StoredImage(*row) for row in rows]


def list_for_sheet(session: Session, project_id: int, image_ids: Sequence[int]) -> list[StoredImage]:
    """Return these images in this order; raise NotFoundError when one is not there or too large for a sheet."""
    rows = session.execute(_stored().where(Image.project_id == project_id, Image.id.in_(image_ids)))
    found = {image.id: image for image in (StoredImage(*row) for row in rows)}
    if any(i not in found or max(found[i].width, found[i].height) > LARGEST_IN_SHEET for i in image_ids):
        raise NotFoundError(_("There is no such image."))
    return [found[i] for i in image_ids]


def _stored() -> Select[int, str, int, int, bool, str]:
    return select(Image.id, Image.sha256, Image.width, Image.height, Image.grey, Image.group_key)


def read_rows(session: Session, sha256s: Sequence[str]) -> dict[str, bytes | None]:
    """Return what the database holds of these contents; None: it lies in the blob folder."""
    rows = session.execute(select(ImageBlob.sha256, ImageBlob.data).where(ImageBlob.sha256.in_(sha256s)))
    return {row.sha256: row.data for row in rows}


def read_bytes(session: Session, store: BlobStore, sha256: str) -> bytes:
    """Return a picture's bytes exactly as they came; raise MissingBlobError when they are gone or altered."""
    return bytes_of(store, sha256, read_rows(session, [sha256]))


def bytes_of(store: BlobStore, sha256: str, rows: Mapping[str, bytes | None]) -> bytes:
    """Return the bytes from `read_rows`, or from the blob folder; raise MissingBlobError as `read_bytes`."""
    if sha256 not in rows:
        raise MissingBlobError("The file is not in the database.")
    data = rows[sha256]
    return store.read(sha256) if data is None else data


def names_of(session: Session, image_ids: Sequence[int]) -> dict[int, str]:
    """Return image → file name."""
    found: dict[int, str] = {}
    for part in in_parts(image_ids):
        found |= dict(session.execute(select(Image.id, Image.name).where(Image.id.in_(part))).all())
    return found
