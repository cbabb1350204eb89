"""Reads of the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.errors import BadInputError
from app.images.queries import Cell, image_url, sheet_cells
from app.labeling import queries as labeling
from app.languages import gettext as _
from app.languages import written
from app.models import AnnotationSource, Image, ImageState, LabelClass, Pile, Project, QueueEntry
from app.review.grid import Wanted, find_page_of
from app.review.leases import UNANSWERED, waits_for

TILE_PIXELS = 160
"""Longest side of a large image's tile: its place on a screen of double density."""


Counts = Mapping[tuple[str, int], int]
"""How many images of a state the labelers take for a class."""


@dataclass(frozen=True)
class Shown:
    of: str
    class_id: int


def count_predicted(session: Session, project_id: int) -> Counts:
    rows = session.execute(
        select(Image.state, Image.predicted_class_id, func.count())
        .where(
            Image.project_id == project_id, Image.state.in_(UNANSWERED), Image.left_out_of.is_(None)
        )
        .group_by(Image.state, Image.predicted_class_id)
    )  # fmt: skip
    return {(state, class_id): count for state, class_id, count in rows if class_id is not None}


def choose(classes: Sequence[LabelClass], counts: Counts, of: str | None, class_id: int | None) -> Shown:
    """Return what was asked for, else the fullest class of the unclear images, else of the accepted ones.

    Raise BadInputError for a class that the project does not have.
    """
    ids = [c.id for c in classes]
    if class_id is not None and class_id not in ids:
        raise BadInputError(_("class_id: this project has no such class."))
    filled = [state for state in UNANSWERED if any(counts.get((state, i)) for i in ids)]
    state = of or (filled[0] if filled else ImageState.UNCLEAR)
    return Shown(state, class_id or max(ids, key=lambda i: counts.get((state, i), 0)))


def ending(session: Session, project: Project, counts: Counts, shown: Shown) -> tuple[str, dict[str, str]]:
    """Return what the page says when no tile is left, and where the next thing to do is."""
    here = f"/projects/{project.id}"
    if labeling.find_newest_round_id(session, project.id) is None:
        none = _("The labelers have not looked at the images yet; the grid shows what they take them for.")
        return none, {"href": f"{here}/labelers", "label": _("To the labelers")}
    names = {c.id: c.name for c in project.active_classes}
    done = (
        _("A person has looked at every unclear image that the labelers take for %(name)s.")
        if shown.of == ImageState.UNCLEAR
        else _("A person has looked at every accepted image that the labelers take for %(name)s.")
    ) % {"name": names[shown.class_id]}
    others = {
        key: count for key, count in counts.items() if key != (shown.of, shown.class_id) and key[1] in names
    }
    if not others:
        return done, {"href": here, "label": _("What comes next")}
    state, class_id = max(others, key=lambda key: (key[0] == ImageState.UNCLEAR, others[key]))
    go_on = (
        _("Go on with unclear %(name)s (%(number)s)")
        if state == ImageState.UNCLEAR
        else _("Go on with accepted %(name)s (%(number)s)")
    )
    label = go_on % {"name": names[class_id], "number": written(f"{others[state, class_id]:,}")}
    return done, {"href": f"{here}/grid?of={state}&class_id={class_id}", "label": label}


def find_last_page(session: Session, project_id: int, user_id: int, most: int) -> dict[str, Any] | None:
    """Return the page of tiles that a person confirmed last, if no other answer of theirs came after it."""
    rows = labeling.list_recent(session, user_id, project_id, [AnnotationSource.REVIEW], most)
    key = find_page_of(rows[-1].idempotency_key) if rows else None
    if key is None:
        return None
    said = {row.image_id: row.class_id for row in rows if find_page_of(row.idempotency_key) == key}
    return {"key": key, "said": said, **tiles(session, project_id, list(said))}


def count_elsewhere(session: Session, wanted: Wanted, user_id: int, here: Sequence[int]) -> int:
    """Return how many images that fit, and wait for this person too, others have on screen."""
    theirs = exists().where(
        QueueEntry.image_id == Image.id, QueueEntry.pile != Pile.AUDIT, waits_for(user_id)
    )  # fmt: skip
    others = select(func.count()).select_from(Image).where(wanted.fits, Image.id.not_in(here), theirs)
    return session.scalar(others) or 0


def tiles(session: Session, project_id: int, image_ids: Sequence[int]) -> dict[str, list[Any]]:
    """Return what the tiles need, in the given order, and the addresses of their `sheets`.

    A tiny picture is a `cell` of a `sheet`, so that a page of them is a request or two; a larger one has a `url`.
    """
    found = {image.id: image for image in session.scalars(select(Image).where(Image.id.in_(image_ids)))}
    images = [found[image_id] for image_id in image_ids]
    cells = sheet_cells(project_id, images)
    sheets = list(dict.fromkeys(cell.sheet for cell in cells.values()))
    shown = [
        {
            "id": image.id,
            "name": image.name,
            "width": image.width,
            "height": image.height,
            "classId": image.predicted_class_id,
            **_picture(project_id, image, cells.get(image.id), sheets),
        }
        for image in images
    ]
    return {"tiles": shown, "sheets": sheets}


def _picture(project_id: int, image: Image, cell: Cell | None, sheets: Sequence[str]) -> dict[str, Any]:
    if cell is not None:  # a sheet's address is long, and said once
        return {"sheet": sheets.index(cell.sheet), "cell": cell.cell, "columns": cell.columns}
    large = max(image.width, image.height) > TILE_PIXELS
    return {"url": image_url(project_id, image.id, image.sha256, TILE_PIXELS if large else None)}
