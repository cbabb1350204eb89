"""The map of the images: where each lies, and what is known of it now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.images.queries import sheet_cells
from app.images.sheets import COLUMNS
from app.models import Image, ImageState, Project
from ml.likeness import find_map

STATES = [state.value for state in ImageState]
SHORT = 12
"""Letters of a content's hash in the address of its picture."""
PARTS = 8
"""So many times the map is parted each way; images of one part share sheets, so that a close look fetches few."""


def has_map(packs: Path) -> bool:
    return find_map(packs) is not None


def read_map(session: Session, project: Project, packs: Path) -> dict[str, Any]:
    """Return the map in columns, an entry for each of its images.

    `state` and `class` count in `states` and `classes`; -1: no label. `cell`: where a tiny picture stands, as
    `[sheet, cell]`; null: it comes by itself.
    """
    ids, drawn = find_map(packs) or ([], [])
    places = {int(i): (round(float(x), 4), round(float(y), 4)) for i, (x, y) in zip(ids, drawn, strict=True)}
    known = session.scalars(select(Image).where(Image.project_id == project.id, Image.id.in_(places))).all()
    images = sorted(known, key=lambda image: (*(int(PARTS * at) for at in places[image.id]), image.id))
    cells = sheet_cells(project.id, images)
    sheets = list(dict.fromkeys(cell.sheet for cell in cells.values()))
    index = {c.id: number for number, c in enumerate(project.classes)}
    return {
        "states": STATES,
        "classes": [{"name": c.name, "color": c.color} for c in project.classes],
        "sheets": sheets,
        "columns": COLUMNS,
        "id": [image.id for image in images],
        "name": [image.name for image in images],
        "content": [image.sha256[:SHORT] for image in images],
        "x": [places[image.id][0] for image in images],
        "y": [places[image.id][1] for image in images],
        "state": [STATES.index(image.state) for image in images],
        "class": [index.get(image.class_id or 0, -1) for image in images],
        "cell": [_cell(cells[i.id], sheets) if i.id in cells else None for i in images],
    }


def _cell(cell: Any, sheets: list[str]) -> list[int]:
    return [sheets.index(cell.sheet), cell.cell]
