"""Reads of the results page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from app.errors import NotFoundError
from app.images.queries import image_url
from app.models import Bakeoff, Classifier, Image, Project
from app.results.board import Board, Contender, Standing
from ml.metrics import REPORT_THRESHOLD, per_class

TILES = 48


@dataclass(frozen=True)
class Tile:
    """A test image with its label and what the chosen model says."""

    id: int
    name: str
    url: str
    label: str
    score: float
    source: str
    in_review: bool


@dataclass(frozen=True)
class Gallery:
    total: int
    number: int
    tiles: list[Tile]

    @property
    def pages(self) -> int:
        return max(-(-self.total // TILES), 1)


def list_bakeoffs(session: Session, project_id: int) -> list[Bakeoff]:
    """Return the project's bake-offs, newest first."""
    return list(
        session.scalars(select(Bakeoff).where(Bakeoff.project_id == project_id).order_by(Bakeoff.number.desc()))
    )


def find_bakeoff(session: Session, project_id: int, number: int | None = None) -> Bakeoff | None:
    """Return the numbered bake-off, or the newest, which may not exist yet. Raise NotFoundError for a number."""
    query = select(Bakeoff).where(Bakeoff.project_id == project_id).order_by(Bakeoff.number.desc()).limit(1)
    if number is None:
        return session.scalar(query)
    found = session.scalar(query.where(Bakeoff.number == number))
    if found is None:
        raise NotFoundError("There is no such bake-off.")
    return found


def read_board(session: Session, bakeoff: Bakeoff) -> Board:
    """Load all scores: a view on the bytes, nothing copied."""
    ids, labels = session.execute(
        select(Bakeoff.test_image_ids, Bakeoff.test_labels).where(Bakeoff.id == bakeoff.id)
    ).one()
    rows = session.scalars(
        select(Classifier)
        .options(undefer(Classifier.scores))
        .where(Classifier.bakeoff_id == bakeoff.id)
        .order_by(Classifier.position)
        .execution_options(populate_existing=True)
    )
    classes = bakeoff.report["classes"]
    return Board(
        classes, bakeoff.positive, np.frombuffer(ids, "<i8"), np.frombuffer(labels, "<i2"),
        [_contender(row, len(classes)) for row in rows],
    )  # fmt: skip


def _contender(row: Classifier, classes: int) -> Contender:
    scores = np.frombuffer(row.scores, "<f4").reshape(-1, classes)
    return Contender(
        row.id, row.name, row.title, row.parameters, row.seconds, row.weights, row.folder, row.metrics, scores
    )


def gallery(
    session: Session,
    project: Project,
    board: Board,
    contender: Contender,
    rows: NDArray[np.int64],
    number: int = 1,
) -> Gallery:
    """Return one page of test images, in the order of `rows`."""
    shown = rows[(number - 1) * TILES : number * TILES]
    ids = board.image_ids[shown].tolist()
    images = {image.id: image for image in session.scalars(select(Image).where(Image.id.in_(ids)))}
    tiles = [
        Tile(
            image_id,
            images[image_id].name,
            image_url(project.id, image_id, images[image_id].sha256),
            board.classes[int(board.labels[row])],
            float(contender.scores[row, board.positive]),
            images[image_id].label_source or "",
            images[image_id].state == "unclear",
        )
        for row, image_id in zip(shown.tolist(), ids, strict=True)
        if image_id in images
    ]
    return Gallery(len(rows), number, tiles)


def results_json(session: Session, project: Project, threshold: float = REPORT_THRESHOLD) -> dict[str, Any]:
    """Return the newest bake-off as plain data, for the command line and for scripts.

    Raise NotFoundError when there is none yet.
    """
    bakeoff = find_bakeoff(session, project.id)
    if bakeoff is None:
        raise NotFoundError(f"{project.name} has no results yet; run a bake-off first.")
    board = read_board(session, bakeoff)
    return {
        "project": project.name,
        "bakeoff": bakeoff.number,
        "threshold": threshold,
        "classes": board.classes,
        "positive": board.classes[board.positive],
        **{key: bakeoff.report[key] for key in ("splits", "test_groups", "test_sources", "seed", "environment")},
        "models": [
            _model_json(board, board.standing(contender, threshold), threshold) for contender in board.contenders
        ],
    }


def _model_json(board: Board, standing: Standing, threshold: float) -> dict[str, Any]:
    contender = standing.contender
    matrix = board.matrix(contender, threshold)
    return {
        "model": contender.name,
        "classifier_id": contender.id,
        "precision": standing.precision,
        "recall": standing.recall,
        "f1": standing.f1,
        "accuracy": standing.accuracy,
        "parameters": contender.parameters,
        "seconds": contender.seconds,
        "weights": contender.weights,
        "confusion_matrix": matrix.tolist(),
        "per_class": dict(zip(board.classes, per_class(matrix), strict=True)),
        "figures": contender.metrics.get("figures", {}),
        "human": contender.metrics.get("human"),
    }
