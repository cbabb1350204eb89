"""Reads for the help beside a hard image: what was answered of images like it, and of its group.

A label is shown only where it stands: of an image that waits for anybody's answer, nobody's answer is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.images.queries import image_url, sheet_cells
from app.languages import gettext as _
from app.models import Image, ImageState, QueueEntry
from app.projects.queries import list_active_classes
from app.review.nearby import Known, by_features, by_hash, nearest
from ml.likeness import find_features

MOST_OF_A_CLASS = 5_000
MOST_OF_A_GROUP = 8
TILE_PIXELS = 128
Nearest = dict[int, dict[int, list[int]]]


def nearby(session: Session, project_id: int, packs: Path, image_ids: Sequence[int]) -> dict[str, Any]:
    """Return what stands beside each of these images, and what it takes to draw it.

    Raise NotFoundError when one of them is not of the project.
    """
    asked = _asked(session, project_id, image_ids)
    close = _nearest(session, project_id, packs, asked)
    groups = _groups(session, project_id, asked)
    shown = {i for by_class in close.values() for ids in by_class.values() for i in ids}
    shown |= {i for ids in groups.values() for i in ids}
    return {
        "beside": {
            image.id: {
                "nearest": [{"classId": c, "ids": ids} for c, ids in close[image.id].items() if ids],
                "group": groups[image.id],
            }
            for image in asked
        },
        "tiles": _tiles(session, project_id, sorted(shown)),
    }


def _asked(session: Session, project_id: int, image_ids: Sequence[int]) -> list[Image]:
    mine = select(Image).where(Image.project_id == project_id, Image.id.in_(image_ids))
    found = {image.id: image for image in session.scalars(mine)}
    if any(i not in found for i in image_ids):
        raise NotFoundError(_("There is no such image."))
    return [found[i] for i in image_ids]


def _nearest(session: Session, project_id: int, packs: Path, asked: Sequence[Image]) -> Nearest:
    known = list_known(session, project_id)
    ids = [image.id for image in asked]
    if (found := find_features(packs)) and set(ids) <= set(found[0].tolist()):
        return nearest(by_features(*found, ids, known), ids, known)
    hashes = np.array([int(image.difference_hash, 16) for image in asked], np.uint64)
    return nearest(by_hash(hashes, known), ids, known)


def list_known(session: Session, project_id: int) -> Known:
    """Return the images whose answers may be shown, of each class the newest `MOST_OF_A_CLASS`."""
    rows = [
        row
        for label_class in list_active_classes(session, project_id)
        for row in session.execute(
            select(Image.id, Image.class_id, Image.difference_hash)
            .where(Image.project_id == project_id, Image.class_id == label_class.id, _stands())
            .order_by(Image.id.desc())
            .limit(MOST_OF_A_CLASS)
        )
    ]
    return Known(
        np.array([row.id for row in rows], np.int64),
        np.array([row.class_id for row in rows], np.int64),
        np.array([int(row.difference_hash, 16) for row in rows], np.uint64),
    )


def _stands() -> ColumnElement[bool]:
    waits = exists().where(QueueEntry.image_id == Image.id)
    return (Image.state == ImageState.SETTLED) & ~waits


def _groups(session: Session, project_id: int, asked: Sequence[Image]) -> dict[int, list[int]]:
    """Return image id → the other images of its group."""
    rows = session.execute(
        select(Image.group_key, Image.id)
        .where(Image.project_id == project_id, Image.group_key.in_({image.group_key for image in asked}))
        .order_by(Image.id)
    ).all()
    return {
        image.id: [i for key, i in rows if key == image.group_key and i != image.id][:MOST_OF_A_GROUP]
        for image in asked
    }


def _tiles(session: Session, project_id: int, image_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = session.execute(select(Image, _stands()).where(Image.id.in_(image_ids)).order_by(Image.id)).all()
    cells = sheet_cells(project_id, [image for image, _stands in rows])
    return {
        image.id: {
            "name": image.name,
            "classId": image.class_id if stands else None,
            **(
                vars(cells[image.id])
                if image.id in cells
                else {"url": image_url(project_id, image.id, image.sha256, TILE_PIXELS)}
            ),
        }
        for image, stands in rows
    }
