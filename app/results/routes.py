"""The results page: which model ships, and whether the labels are good enough."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.db import ReadSessionDep, SessionDep
from app.errors import NotFoundError
from app.html.fields import FormModel, PlainText
from app.html.forms import parse_or_refuse
from app.html.htmx import go_to
from app.html.templating import render
from app.jobs.queue import find_active
from app.models import Bakeoff, Project
from app.projects.access import EngineerProjectDep, MemberProjectDep
from app.results import queries, service
from app.results.board import Board, Contender
from app.results.found import list_found
from app.security import UserDep
from ml.contract import MOST_FOLDS, Preset
from ml.metrics import REPORT_THRESHOLD, per_class
from ml.zoo import ZOO

router = APIRouter(prefix="/projects/{project_id}/results")
Column = Literal["precision", "recall", "f1", "accuracy", "eer", "auc", "parameters", "seconds", "bytes"]
COLUMNS = [
    ("precision", "precision"), ("recall", "recall"), ("f1", "F1"), ("accuracy", "accuracy"), ("eer", "EER"),
    ("auc", "AUC"), ("parameters", "params M"), ("bytes", "MB"), ("seconds", "trained"),
]  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What the person looks at: it is all in the address, so that a link shows the same."""

    bakeoff: Annotated[int | None, Query(ge=1, le=1_000_000)] = None
    model: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
    threshold: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)] = REPORT_THRESHOLD
    sort: Column = "eer"


ChoiceDep = Annotated[Choice, Depends()]


class BakeoffForm(FormModel):
    models: list[PlainText] = Field(default_factory=list)
    others: PlainText = ""
    """More of them, parted by commas or spaces."""
    preset: Preset | None = None
    folds: Annotated[int, Field(ge=0, le=MOST_FOLDS)] = 0
    tuned: bool = False

    @property
    def wanted(self) -> service.Wanted:
        names = [*self.models, *self.others.replace(",", " ").split()]
        return service.Wanted(names, self.preset, folds=self.folds, tuned=self.tuned)


@router.get("")
def results_page(
    request: Request, project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep
) -> Response:
    bakeoff = queries.find_bakeoff(session, project.id, choice.bakeoff)
    return render(
        request,
        "results/page.html",
        zoo=ZOO,
        preset=service.preset_of(project),
        why_not=service.why_not(session, project),
        active=find_active(session, "bakeoff", project.id),
        bakeoffs=queries.list_bakeoffs(session, project.id),
        found=list_found(session, project.id),
        searching=find_active(session, "tune", project.id),
        **(_shown(session, project, bakeoff, choice) if bakeoff else {"bakeoff": None, "choice": choice}),
    )


@router.post("")
async def start(request: Request, project: EngineerProjectDep, user: UserDep, session: SessionDep) -> Response:
    form = await request.form(max_files=0, max_fields=30)
    asked = parse_or_refuse(BakeoffForm, {**form, "models": form.getlist("models")})
    service.start_bakeoff(session, project, user.id, asked.wanted)
    return go_to(request, f"/projects/{project.id}/results")


@router.get("/live")
def live(request: Request, project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep) -> Response:
    """What the threshold, the sorting and the chosen model move."""
    bakeoff = _get(session, project, choice)
    return render(request, "results/_live.html", **_shown(session, project, bakeoff, choice))


@router.get("/images")
def images(
    request: Request,
    project: MemberProjectDep,
    session: ReadSessionDep,
    choice: ChoiceDep,
    label: Annotated[int | None, Query(ge=0, le=1000)] = None,
    said: Annotated[int | None, Query(ge=0, le=1000)] = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """The test images of a cell of the confusion matrix, or all of them."""
    bakeoff = _get(session, project, choice)
    board = queries.read_board(session, bakeoff)
    contender = _contender(board, choice)
    rows = board.cell(contender, choice.threshold, label, said)
    return render(
        request, "results/images.html", bakeoff=bakeoff, board=board, contender=contender, choice=choice,
        label=label, said=said, gallery=queries.gallery(session, project, board, contender, rows, page),
    )  # fmt: skip


@router.get("/table.csv")
def table_csv(project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep) -> Response:
    board = queries.read_board(session, _get(session, project, choice))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["model", "threshold", "precision", "recall", "f1", "accuracy", "eer", "auc", "parameters"])
    for row in board.standings(choice.threshold, choice.sort):
        figures = [(row.figure(name) or {}).get("value", "") for name in ("eer", "auc")]
        shares = [row.precision, row.recall, row.f1, row.accuracy]
        writer.writerow([row.contender.name, choice.threshold, *shares, *figures, row.contender.parameters])
    return Response(
        text.getvalue(),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="results.csv"'},
    )


def _get(session: ReadSessionDep, project: Project, choice: Choice) -> Bakeoff:
    bakeoff = queries.find_bakeoff(session, project.id, choice.bakeoff)
    if bakeoff is None:
        raise NotFoundError("There are no results yet.")
    return bakeoff


def _contender(board: Board, choice: Choice) -> Contender:
    best = board.standings(choice.threshold, choice.sort)
    contender = board.contender(choice.model or (best[0].contender.id if best else None))
    if contender is None:
        raise NotFoundError("This bake-off has no models.")
    return contender


def _shown(session: ReadSessionDep, project: Project, bakeoff: Bakeoff, choice: Choice) -> dict[str, Any]:
    board = queries.read_board(session, bakeoff)
    contender = _contender(board, choice)
    matrix = board.matrix(contender, choice.threshold)
    return {
        "bakeoff": bakeoff,
        "board": board,
        "choice": choice,
        "columns": COLUMNS,
        "standings": board.standings(choice.threshold, choice.sort),
        "contender": contender,
        "matrix": matrix.tolist(),
        "per_class": per_class(matrix),
        "histogram": [counts.tolist() for counts in board.histogram(contender)],
        "colors": [_color(project, class_id) for class_id in bakeoff.class_ids],
        "errors": _errors(session, project, board, contender, choice),
    }


def _errors(
    session: ReadSessionDep, project: Project, board: Board, contender: Contender, choice: Choice
) -> list[dict[str, Any]]:
    """The galleries of errors: for two classes false positives and false negatives, else one a class."""
    negative = 1 - board.positive
    cells = (
        [(negative, board.positive), (board.positive, negative)]
        if board.two_classes
        else [(label, None) for label in range(len(board.classes))]
    )
    galleries = []
    for label, said in cells:
        rows = board.cell(contender, choice.threshold, label, said)
        rows = rows[board.said(contender, choice.threshold)[rows] != label]
        shown = queries.gallery(session, project, board, contender, rows[:24])
        galleries.append({"label": label, "said": said, "gallery": shown, "total": len(rows)})
    return galleries


def _color(project: Project, class_id: int) -> int:
    return next((c.color for c in project.classes if c.id == class_id), 8)
