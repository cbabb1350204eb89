"""Reads of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.images.queries import image_url, sheet_cells
from app.models import Image, Pile, QueueEntry
from app.review.grid import Wanted

TILE_PIXELS = 160
"""Longest side of a large image's tile: its place on a screen of double density."""


def count_elsewhere(session: Session, wanted: Wanted, here: Sequence[int]) -> int:
    """Return how many images fit beside those that the asking tab has: other people have them on screen."""
    waiting = exists().where(QueueEntry.image_id == Image.id, QueueEntry.pile == Pile.AUDIT)
    others = select(func.count()).select_from(Image).where(wanted.fits, Image.id.not_in(here), ~waiting)
    return session.scalar(others) or 0


def tiles(session: Session, project_id: int, image_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return what the tiles need, in the given order.

    A tiny picture is a `cell` of a `sheet`, so that a page of them is a request or two; a larger one has a `url`.
    """
    found = {image.id: image for image in session.scalars(select(Image).where(Image.id.in_(image_ids)))}
    images = [found[image_id] for image_id in image_ids]
    cells = sheet_cells(project_id, images)
    return [
        {
            "id": image.id,
            "name": image.name,
            "width": image.width,
            "height": image.height,
            "classId": image.predicted_class_id,
            **(vars(cells[image.id]) if image.id in cells else {"url": _tile_url(project_id, image)}),
        }
        for image in images
    ]


def _tile_url(project_id: int, image: Image) -> str:
    large = max(image.width, image.height) > TILE_PIXELS
    return image_url(project_id, image.id, image.sha256, TILE_PIXELS if large else None)
