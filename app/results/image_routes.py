"""Test images: the errors at the thresholds, those that a click asks for, and a word on any of them."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.db import ReadSessionDep, SessionDep
from app.errors import NotFoundError
from app.html.templating import render
from app.languages import gettext as _
from app.models import Bakeoff, Image
from app.projects.access import MemberProjectDep
from app.projects.queries import LARGEST_ID
from app.results import queries, service
from app.results.board import Board, Contender
from app.results.choice import Choice, ChoiceDep, WantedDep
from app.results.galleries import View, gallery
from app.results.picking import NOT_SURE, in_words, pick, said_with_band
from app.security import UserDep

router = APIRouter()
ERRORS_SHOWN = 24


class LabelBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    class_id: Annotated[int, Field(gt=0, le=LARGEST_ID)]
    seen: Annotated[int, Field(gt=0, le=LARGEST_ID)] | None
    """The class that the person saw it labelled as."""
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    key: Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


def image_of(project: MemberProjectDep, session: SessionDep, image_id: int) -> Image:
    image = session.get(Image, image_id) if 0 < image_id <= LARGEST_ID else None
    if image is None or image.project_id != project.id:
        raise NotFoundError(_("There is no such image."))
    return image


@router.get("/galleries")
def galleries(
    request: Request, project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep
) -> Response:
    """The errors of the chosen model at the thresholds, and what it is not sure of."""
    bakeoff, board, contender = _opened(session, project.id, choice)
    view = View(board, contender, queries.read_suspects(session, bakeoff))
    shown = [
        {
            **words,
            "total": len(rows),
            "gallery": gallery(session, project, view, rows[:ERRORS_SHOWN]),
        }
        for words, rows in _kinds(board, contender, choice)
    ]
    return render(
        request, "results/_galleries.html", galleries=shown, choice=choice, bakeoff=bakeoff, board=board,
        contender=contender,
    )  # fmt: skip


def _kinds(board: Board, contender: Contender, choice: Choice) -> list[tuple[dict[str, Any], Any]]:
    """Return (what it is, rows): for two classes false positives and negatives, else the errors of each class."""
    said = said_with_band(board, contender, choice)
    wrong = (said != board.labels) & (said != NOT_SURE)
    kinds = []
    for label in [1 - board.positive, board.positive] if board.two_classes else range(len(board.classes)):
        rows = np.flatnonzero(wrong & (board.labels == label))
        surety = contender.scores[rows, said[rows]]
        words = {"label": label, "said": 1 - label if board.two_classes else None}
        kinds.append((words, rows[np.argsort(-surety, kind="stable")]))
    if (said == NOT_SURE).any():
        kinds.append(({"label": None, "said": NOT_SURE}, np.flatnonzero(said == NOT_SURE)))
    return kinds


@router.get("/images")
def images(
    request: Request,
    project: MemberProjectDep,
    session: ReadSessionDep,
    choice: ChoiceDep,
    wanted: WantedDep,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """The test images behind a cell, a bar, a point or a slice; all of them when nothing is asked for."""
    bakeoff, board, contender = _opened(session, project.id, choice, wanted.against)
    codes = queries.read_codes(session, bakeoff) if wanted.cut is not None else None
    cuts = queries.read_findings(session, bakeoff).get("cuts", []) if wanted.cut is not None else []
    rows = pick(board, contender, choice, wanted, codes)
    view = View(board, contender, queries.read_suspects(session, bakeoff), wanted.column)
    return render(
        request, "results/images.html", bakeoff=bakeoff, board=board, contender=contender, choice=choice,
        wanted=wanted, words=in_words(board, wanted, cuts),
        gallery=gallery(session, project, view, rows, page),
    )  # fmt: skip


@router.post("/images/{image_id}/label")
def relabel(
    project: MemberProjectDep,
    image: Annotated[Image, Depends(image_of)],
    body: LabelBody,
    user: UserDep,
    session: SessionDep,
) -> dict[str, Any]:
    """Say what an image is, whoever labelled it, knowing the label that stands."""
    correction = service.Correction(body.class_id, body.seen, body.seconds, body.key)
    row = service.correct(session, project, user, image.id, correction)
    session.refresh(image)
    return {"saved": row.id, "key": body.key, "class_id": image.class_id}


def _opened(
    session: ReadSessionDep, project_id: int, choice: Choice, against: int | None = None
) -> tuple[Bakeoff, Board, Contender]:
    """Return the board with the scores of the chosen model, or else of the one with the lowest EER."""
    bakeoff = queries.get_bakeoff(session, project_id, choice.bakeoff)
    chosen = queries.choose(session, bakeoff, choice.model)
    board = queries.read_board(session, bakeoff, [chosen, *([against] if against else [])])
    contender = board.find(chosen)
    if contender is None:
        raise NotFoundError(_("This bake-off has no such model."))
    return bakeoff, board, contender
