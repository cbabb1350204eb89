"""Test images as the results page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.images.queries import image_url
from app.languages import gettext as _
from app.models import NO_PILE, Image, ImageState, Project, QueueEntry
from app.results.board import Board, Contender
from app.words import source_word

TILES = 48


@dataclass(frozen=True)
class Tile:
    """A test image with its label and what the chosen model says."""

    id: int
    name: str
    url: str
    label: str
    """As it was when the models were judged."""
    now: int | None
    """The id of the class that it is labelled as by now."""
    now_name: str
    score: float
    source: str
    in_review: bool
    suspect: bool
    """Whether the label itself is probably wrong."""

    @property
    def changed(self) -> bool:
        return self.now_name != self.label

    @property
    def source_in_words(self) -> str:
        return source_word(self.source)


@dataclass(frozen=True)
class Gallery:
    total: int
    number: int
    tiles: list[Tile]

    @property
    def pages(self) -> int:
        return max(-(-self.total // TILES), 1)


@dataclass(frozen=True)
class Picture:
    """An image by itself."""

    name: str
    url: str


def by_ids(session: Session, project_id: int, ids: Sequence[int]) -> dict[int, Picture]:
    """Return those of the project's images that there still are."""
    found = session.execute(
        select(Image.id, Image.name, Image.sha256).where(Image.project_id == project_id, Image.id.in_(ids))
    )
    return {row.id: Picture(row.name, image_url(project_id, row.id, row.sha256)) for row in found}


@dataclass(frozen=True)
class View:
    """Whose word the tiles show."""

    board: Board
    contender: Contender
    suspects: frozenset[int] = frozenset()
    """Rows whose label is in doubt."""
    column: int | None = None
    """The class whose score is shown; None: the positive one, or of more than two the most probable."""

    @property
    def scores(self) -> NDArray[np.float32]:
        every = self.contender.scores
        if self.column is None and not self.board.two_classes:
            return np.asarray(every.max(1))
        column = self.board.positive if self.column is None else self.column
        return every[:, min(column, every.shape[1] - 1)]


def gallery(session: Session, project: Project, view: View, rows: NDArray[np.int64], number: int = 1) -> Gallery:
    """Return one page of test images, in the order of `rows`.

    One that waits for another person's answer is left out: nobody finds the first one's here.
    """
    board, scores = view.board, view.scores
    shown = rows[(number - 1) * TILES : number * TILES]
    ids = board.image_ids[shown].tolist()
    images = {image.id: image for image in session.scalars(select(Image).where(Image.id.in_(ids)))}
    entries = select(QueueEntry.image_id, QueueEntry.others_only).where(
        QueueEntry.image_id.in_(ids), QueueEntry.pile != NO_PILE
    )
    waiting = {row.image_id: row.others_only for row in session.execute(entries)}
    names = {c.id: c.name for c in project.classes}
    tiles = [
        Tile(
            image_id,
            images[image_id].name,
            image_url(project.id, image_id, images[image_id].sha256),
            board.classes[int(board.labels[row])],
            images[image_id].class_id,
            names.get(images[image_id].class_id or 0, _("no label")),
            float(scores[row]),
            images[image_id].label_source or "",
            image_id in waiting or images[image_id].state == ImageState.UNCLEAR,
            row in view.suspects,
        )
        for row, image_id in zip(shown.tolist(), ids, strict=True)
        if image_id in images and not waiting.get(image_id)
    ]
    return Gallery(len(rows), number, tiles)
