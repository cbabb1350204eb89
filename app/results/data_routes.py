"""The numbers behind the results page, for its charts and for spreadsheets."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select

from app.cells import with_quote
from app.db import ReadSessionDep
from app.models import Image
from app.projects.access import MemberProjectDep
from app.results import queries
from app.results.board import Board
from app.results.choice import ChoiceDep
from app.results.standings import COSTS, MOVING, sort_rows
from ml.metrics import GRID

router = APIRouter()
FIGURES = ("eer", "eer_threshold", "auc", "average_precision", "balanced_accuracy", "mcc", "brier", "ece")
FOR_A_YEAR = "private, max-age=31536000, immutable"


@router.get("/models/{classifier_id}.tally")
def tally(project: MemberProjectDep, session: ReadSessionDep, classifier_id: int) -> Response:
    """A model's scores, counted: uint32 steps and columns, float32 grid, int32 `[columns, 2, steps]`.

    The page moves every figure by it without asking again. The content never changes, and its hash is in the
    address.
    """
    bakeoff, row = queries.get_classifier(session, project.id, classifier_id)
    counted = queries.read_tally(session, bakeoff, row)
    return Response(
        struct.pack("<II", len(GRID), len(counted.counts)) + GRID.astype("<f4").tobytes() + counted.to_bytes(),
        media_type="application/octet-stream",
        headers={"Cache-Control": FOR_A_YEAR},
    )


@router.get("/table.csv")
def table_csv(project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep) -> Response:
    bakeoff = queries.get_bakeoff(session, project.id, choice.bakeoff)
    bounds = [f"{name}{end}" for name in FIGURES for end in ("", "_low", "_high")]
    lines: list[Sequence[Any]] = [["model", "threshold", *MOVING, *bounds, "parameters", *COSTS, "seconds"]]
    for row in sort_rows(queries.read_rows(session, bakeoff), choice.sort, choice.high):
        figures = [(row.figure(name) or {}).get(end) for name in FIGURES for end in ("value", "low", "high")]
        moving = [row.moving(name, choice.high) for name in MOVING]
        costs = [row.cost(name) for name in COSTS]
        lines.append([row.name, choice.high, *moving, *figures, row.parameters, *costs, row.seconds])
    return _csv(_written(lines), "results.csv")


@router.get("/predictions.csv")
def predictions_csv(project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep) -> Response:
    """Every test image with its label and what each model says of it."""
    bakeoff = queries.get_bakeoff(session, project.id, choice.bakeoff)
    board = queries.read_board(session, bakeoff)
    rows = session.execute(select(Image.id, Image.name).where(Image.project_id == project.id))
    names = {row.id: row.name for row in rows}
    return _csv(_written(_predictions(board, names)), f"predictions-{bakeoff.number}.csv")


def _predictions(board: Board, names: dict[int, str]) -> Iterator[Sequence[Any]]:
    shown = [board.positive] if board.two_classes else range(len(board.classes))
    columns = [(contender, c) for contender in board.contenders for c in shown]
    yield ["image_id", "filename", "label", *(f"{m.name}: {board.classes[c]}" for m, c in columns)]
    for row, image_id in enumerate(board.image_ids.tolist()):
        scores = [f"{m.scores[row, c]:.6f}" for m, c in columns]
        name = with_quote(names.get(image_id, ""))
        yield [image_id, name, with_quote(board.classes[int(board.labels[row])]), *scores]


def _written(lines: Iterable[Sequence[Any]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    for number, line in enumerate(lines, 1):
        writer.writerow(line)
        if number % 1000 == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _csv(parts: Iterator[str], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=headers)
