"""What a bake-off says about its data: doubtful labels, who is better, near duplicates, slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from app.db import ReadSessionDep, SessionDep
from app.html.htmx import go_to
from app.html.templating import render
from app.models import Bakeoff
from app.projects.access import EngineerProjectDep, MemberProjectDep
from app.results import issues, queries
from app.results.choice import ChoiceDep
from app.results.galleries import View, by_ids, gallery
from app.results.verdicts import Verdict
from app.results.words import cut_in_words
from app.security import UserDep

router = APIRouter()
SHOWN = 24
LEAKS_SHOWN = 12
VERDICTS_SHOWN = 6
USUAL = 60


@router.get("/findings")
def findings(request: Request, project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep) -> Response:
    bakeoff = queries.get_bakeoff(session, project.id, choice.bakeoff)
    found = queries.read_findings(session, bakeoff)
    chosen = queries.choose(session, bakeoff, choice.model)
    board = queries.read_board(session, bakeoff, [chosen])
    suspects = queries.read_suspects(session, bakeoff)
    rows = queries.doubted_rows(found)
    verdicts = queries.list_verdicts(bakeoff, found, chosen)
    return render(
        request, "results/_findings.html", bakeoff=bakeoff, found=found, choice=choice,
        suspects=len(suspects), usual=min(USUAL, len(rows)), listed=len(rows),
        doubted=gallery(session, project, View(board, board.contenders[0], suspects), rows[:SHOWN]),
        batches=issues.list_batches(session, project.id), mended=issues.count_mended(session, bakeoff),
        verdicts=verdicts, unfolded=_unfolded(bakeoff, verdicts),
        leaks=_leaks(session, project.id, found),
    )  # fmt: skip


def _unfolded(bakeoff: Bakeoff, verdicts: Sequence[Verdict]) -> int:
    """Of many models, those that the best is compared with; ten make 45 pairs."""
    return len(verdicts) if len(verdicts) <= VERDICTS_SHOWN else len(bakeoff.classifiers) - 1


def _leaks(session: ReadSessionDep, project_id: int, found: dict[str, Any]) -> list[dict[str, Any]]:
    pairs = found.get("leaks", {}).get("pairs", [])[:LEAKS_SHOWN]
    pictures = by_ids(session, project_id, [p[key] for p in pairs for key in ("image_id", "other_id")])
    return [
        {**p, "tested": pictures[p["image_id"]], "learned": pictures[p["other_id"]]}
        for p in pairs
        if p["image_id"] in pictures and p["other_id"] in pictures
    ]


@router.get("/slices")
def slices(request: Request, project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep) -> Response:
    """How the chosen model does in every slice, at the report's threshold."""
    bakeoff = queries.get_bakeoff(session, project.id, choice.bakeoff)
    chosen = queries.choose(session, bakeoff, choice.model)
    found = queries.read_findings(session, bakeoff)
    name = next(c.name for c in bakeoff.classifiers if c.id == chosen)
    return render(
        request, "results/_slices.html", bakeoff=bakeoff, choice=choice, chosen=chosen,
        slices=[
            (cut_in_words(cut), parts)
            for cut, parts in zip(found.get("cuts", []), found.get("slices", {}).get(name, []), strict=False)
        ],
    )  # fmt: skip


@router.post("/issues")
def send(
    request: Request,
    project: EngineerProjectDep,
    user: UserDep,
    session: SessionDep,
    count: Annotated[int, Form(ge=1, le=issues.MOST)],
    bakeoff: Annotated[int, Form(ge=1, le=1_000_000)],
) -> Response:
    """Put the most doubtful labels in front of the review queue."""
    issues.send(session, project, queries.get_bakeoff(session, project.id, bakeoff), user.id, count)
    return go_to(request, f"/projects/{project.id}/results?bakeoff={bakeoff}#doubts")
