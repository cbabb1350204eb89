"""The newest bake-off as one HTML file: nothing in it asks a server for anything."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.errors import NotFoundError
from app.html.static import STATIC
from app.html.templating import TEMPLATES
from app.images.queries import bytes_of, read_rows
from app.images.rendering import to_png
from app.languages import gettext as _
from app.languages import in_english
from app.models import UNSEEN, Bakeoff, Image, Project, now
from app.results.board import Board, Contender, badness
from app.results.queries import find_bakeoff, list_verdicts, read_board, read_findings
from app.storage import BlobStore, MissingBlobError
from app.transfer import charts
from app.transfer.card import Findings
from app.transfer.card_facts import findings_of
from app.transfer.service import snapshot
from ml.metrics import REPORT_THRESHOLD, per_class
from ml.pixels import UnreadableImageError

SHOWN = 24
"""Errors of a kind that a model's gallery shows, the surest first."""
SIDE = 64
"""Pixels of a picture's longest side in the report."""
LARGEST = 1_000_000
"""Pixels above which a picture is named and not shown: decoding it takes too long for a page."""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Holds the browser to what the file promises."""


@dataclass(frozen=True)
class Tile:
    name: str
    picture: str
    """A data URI; empty where the picture cannot be shown."""
    label: str
    score: float
    by_person: bool


@dataclass(frozen=True)
class Gallery:
    title: str
    total: int
    tiles: list[Tile]


@dataclass(frozen=True)
class Shown:
    """A model in the report."""

    contender: Contender
    figures: Mapping[str, Mapping[str, float]]
    settings: Mapping[str, Any]
    matrix: list[list[int]]
    per_class: list[dict[str, float]]
    roc: str
    calibration: list[tuple[float, float, int]]
    bars: list[list[charts.Bar]]
    galleries: list[Gallery]
    findings: Findings


def write_report(database: Database, settings: Settings, project_id: int) -> str:
    """Return the report of the project's newest bake-off; raise NotFoundError where there is none."""
    with snapshot(database) as session:
        project = session.get_one(Project, project_id)
        bakeoff = find_bakeoff(session, project_id)
        if bakeoff is None:
            sentence = _("%(project)s has no results yet; run a bake-off first.")
            raise NotFoundError(sentence % {"project": project.name})
        with in_english():
            body = _body(session, BlobStore(settings.blobs_dir), project, bakeoff)
    title = escape(f"{project.name}: bake-off {bakeoff.number}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}"><title>{title}</title>'
        f"<style>{(STATIC / 'report.css').read_text('utf-8')}</style></head>\n<body>{body}</body></html>\n"
    )


def _body(session: Session, store: BlobStore, project: Project, bakeoff: Bakeoff) -> str:
    board = read_board(session, bakeoff)
    pictures = Pictures(session, store, board)
    found = read_findings(session, bakeoff)
    models = [_shown(board, c, pictures, findings_of(found, c.name)) for c in board.contenders]
    models.sort(key=lambda model: badness(model.figures))
    dots = [
        (m.contender.title, m.contender.parameters, f["value"], f["low"], f["high"])
        for m in models
        if (f := m.figures.get("eer"))
    ]
    return TEMPLATES.env.get_template("transfer/report.html").render(
        project=project, bakeoff=bakeoff, report=bakeoff.report, board=board, models=models,
        pareto=charts.pareto(dots), made_at=now(), threshold=REPORT_THRESHOLD,
        colors=[next((c.color for c in project.classes if c.id == i), 8) for i in bakeoff.class_ids],
        figure_names=_names(models), found=found, verdicts=list_verdicts(bakeoff, found),
    )  # fmt: skip


def _names(models: Sequence[Shown]) -> list[str]:
    """The figures that any of the models has, in the order in which they come."""
    return list(dict.fromkeys(name for model in models for name in model.figures))


def _shown(board: Board, contender: Contender, pictures: Pictures, findings: Findings) -> Shown:
    matrix = board.matrix(contender, REPORT_THRESHOLD)
    positive, scores = board.labels == board.positive, contender.scores[:, board.positive]
    figures = contender.metrics.get("figures", {})
    return Shown(
        contender,
        {n: f for n, f in figures.items() if isinstance(f, dict) and f.get("value") is not None and "low" in f},
        contender.metrics.get("settings", {}),
        matrix.tolist(),
        per_class(matrix),
        charts.roc(positive, scores) if board.two_classes else "",
        charts.calibration(positive, scores) if board.two_classes else [],
        charts.histogram(board.labels, scores, len(board.classes)),
        _galleries(board, contender, pictures),
        findings,
    )


def _galleries(board: Board, contender: Contender, pictures: Pictures) -> list[Gallery]:
    """The errors by what the images are, the surest first."""
    said = board.said(contender, REPORT_THRESHOLD)
    found = []
    for label, name in enumerate(board.classes):
        rows = np.flatnonzero((board.labels == label) & (said != label))
        rows = rows[np.argsort(-contender.scores[rows, said[rows]], kind="stable")]
        if len(rows):
            tiles = [pictures.tile(int(row), contender.scores[row]) for row in rows[:SHOWN]]
            found.append(Gallery(f"Labelled {name}, told otherwise", len(rows), tiles))
    return found


class Pictures:
    """The test part's images, each read when it is first shown."""

    def __init__(self, session: Session, store: BlobStore, board: Board) -> None:
        self._session, self._store, self._board = session, store, board
        self._uris: dict[int, tuple[str, str, bool]] = {}

    def tile(self, row: int, scores: NDArray[np.float32]) -> Tile:
        board = self._board
        image_id = int(board.image_ids[row])
        if image_id not in self._uris:
            self._uris[image_id] = self._read(image_id)
        name, uri, by_person = self._uris[image_id]
        return Tile(name, uri, board.classes[int(board.labels[row])], float(scores[board.positive]), by_person)

    def _read(self, image_id: int) -> tuple[str, str, bool]:
        image = self._session.scalar(select(Image).where(Image.id == image_id))
        if image is None:
            return "deleted", "", False
        by_person = image.label_source not in UNSEEN
        if image.width * image.height > LARGEST:
            return image.name, "", by_person
        try:
            data = bytes_of(self._store, image.sha256, read_rows(self._session, [image.sha256]))
            png = to_png(data, SIDE)
        except (MissingBlobError, UnreadableImageError):
            return image.name, "", by_person
        return image.name, f"data:image/png;base64,{base64.b64encode(png).decode()}", by_person
