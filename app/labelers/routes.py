"""The labelers page: start them, watch them learn, look at what they agree on and where they part."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from app.db import ReadSessionDep, SessionDep
from app.html.htmx import go_to
from app.html.templating import render
from app.jobs.queue import find_active
from app.labelers import queries, service
from app.labelers.queries import TilePage
from app.models import Project, Round
from app.projects.access import EngineerProjectDep, MemberProjectDep
from app.review.audit_queries import find_of_round
from app.security import UserDep

router = APIRouter(prefix="/projects/{project_id}/labelers")
Number = Annotated[int | None, Query(ge=1, le=1_000_000)]


@router.get("")
def labelers_page(
    request: Request,
    project: MemberProjectDep,
    session: ReadSessionDep,
    round: Number = None,  # noqa: A002
) -> Response:
    shown = queries.get_round(session, project, round)
    return render(
        request,
        "labelers/page.html",
        shown=shown,
        rounds=queries.list_rounds(session, project.id),
        why_not=service.why_not(session, project),
        active=find_active(session, "label", project.id),
        page=_first_tiles(session, project, shown),
        audit=find_of_round(session, shown) if shown else None,
        absent=queries.list_absent(shown) if shown else [],
        class_named={c.name: c for c in project.classes},
    )


@router.post("")
def retrain(request: Request, project: EngineerProjectDep, user: UserDep, session: SessionDep) -> Response:
    service.start(session, project, user.id)
    return go_to(request, f"/projects/{project.id}/labelers")


@router.get("/images")
def tiles(  # noqa: PLR0913, PLR0917  one parameter a choice of the page
    request: Request,
    project: MemberProjectDep,
    session: ReadSessionDep,
    round: Annotated[int, Query(ge=1, le=1_000_000)],  # noqa: A002
    first: int,
    second: int,
    order: Literal["surest", "doubtful"] = "doubtful",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    shown = queries.get_round(session, project, round)
    assert shown is not None  # noqa: S101  a numbered round is there, or 404
    found = queries.tile_page(
        session, project, shown, (first, second), surest_first=order == "surest", number=page
    )
    return render(request, "labelers/images.html", shown=shown, page=found)


def _first_tiles(session: ReadSessionDep, project: Project, shown: Round | None) -> TilePage | None:
    if shown is None or len(shown.labelers) < 2:
        return None
    positive = project.positive_class.id
    return queries.tile_page(session, project, shown, (positive, positive), surest_first=False, number=1)
