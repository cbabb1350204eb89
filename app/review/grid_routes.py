"""The grid: a page of tiles of one predicted class, judged at one glance."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.db import ReadSessionDep, SessionDep
from app.html.templating import render
from app.labelers import service as labelers
from app.models import ImageState, QueueEntry
from app.projects.access import MemberProjectDep
from app.review import grid, grid_queries
from app.review.bodies import Body, Id, Tab, class_json, holder
from app.review.leases import hold, release
from app.security import UserDep

router = APIRouter(prefix="/projects/{project_id}/grid")

PAGE_SIZES = [40, 60, 80, 100, 120]
MOST_TILES = PAGE_SIZES[-1]
MOST_HELD = 500
PageKey = Annotated[str, Field(min_length=8, max_length=40, pattern=r"^page_[a-z0-9]+$")]
"""Each answer's own key is this one and the image's number."""
Of = Literal[ImageState.UNCLEAR, ImageState.ACCEPTED]
Order = Literal["least", "most"]


class ClaimBody(Body):
    tab: Tab
    class_id: Id
    of: Of
    order: Order
    count: Annotated[int, Field(ge=0, le=2 * MOST_TILES)]
    have: Annotated[list[Id], Field(max_length=MOST_HELD)]


class TileAnswer(Body):
    image_id: Id
    class_id: Id


class PageBody(Body):
    key: PageKey
    tab: Tab
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    answers: Annotated[list[TileAnswer], Field(max_length=MOST_TILES)]
    left_out: Annotated[list[Id], Field(max_length=MOST_TILES)]


class UndoBody(Body):
    undoes: PageKey
    key: PageKey
    tab: Tab
    image_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_TILES)]


@router.get("")
def grid_page(
    request: Request,
    project: MemberProjectDep,
    user: UserDep,
    session: ReadSessionDep,
    class_id: Annotated[int | None, Query()] = None,
    of: Of | None = None,
    order: Order = "least",
) -> Response:
    counts = grid_queries.count_predicted(session, project.id)
    shown = grid_queries.choose(project.active_classes, counts, of, class_id)
    done, following = grid_queries.ending(session, project, counts, shown)
    config = {
        "project": project.id,
        "user": user.id,
        "classes": [class_json(c) for c in project.active_classes],
        "classId": shown.class_id,
        "of": shown.of,
        "order": order,
        "sizes": PAGE_SIZES,
        "waiting": counts.get((shown.of, shown.class_id), 0),
        "done": done,
        "next": following,
    }
    return render(request, "review/grid.html", config=config, counts=counts, shown=shown, order=order)


@router.get("/last-page")
def last_page(project: MemberProjectDep, user: UserDep, session: ReadSessionDep) -> dict[str, Any]:
    """Return the page that one confirmed last and may take back, if any: for undo after a reload."""
    return {"page": grid_queries.find_last_page(session, project.id, user.id, MOST_TILES)}


@router.post("/claim")
def claim_tiles(
    request: Request, project: MemberProjectDep, body: ClaimBody, user: UserDep, session: SessionDep
) -> dict[str, Any]:
    """Lease the next tiles to the tab, prolong its leases on those it has, and let go of all others.

    `kept`: those of `have` that are still its own. `elsewhere`: how many other people have on screen, where there
    were not as many as asked for.
    """
    tab = holder(request, user, body.tab)
    release(session, project_id=project.id, holder=tab, which=QueueEntry.image_id.not_in(body.have))
    kept = hold(session, project_id=project.id, holder=tab, image_ids=body.have)
    wanted = grid.Wanted(project.id, body.class_id, body.of, least_sure_first=body.order == "least")
    taken = grid.claim_tiles(session, wanted, tab, body.count, body.have)
    here = [*body.have, *taken]
    return {
        "items": grid_queries.tiles(session, project.id, taken),
        "kept": kept,
        "elsewhere": grid_queries.count_elsewhere(session, wanted, user.id, here)
        if len(taken) < body.count
        else None,
        "classes": [class_json(c) for c in project.active_classes],
    }


@router.post("/answers")
def confirm(
    request: Request, project: MemberProjectDep, body: PageBody, user: UserDep, session: SessionDep
) -> dict[str, Any]:
    """Save a page of answers; those that cannot be taken are listed, each with its reason."""
    answers = {answer.image_id: answer.class_id for answer in body.answers}
    seconds = grid.share_out(body.seconds, len(answers) + len(body.left_out))
    report = grid.submit_page(
        session, user=user, project_id=project.id, key=body.key, seconds=seconds, answers=answers
    )
    tab = holder(request, user, body.tab)
    grid.leave_out(session, project_id=project.id, holder=tab, image_ids=body.left_out)
    session.flush()
    if report.newest is not None:
        labelers.go_on(session, report.newest)
    return {"key": body.key, "saved": report.saved, "refused": report.refused}


@router.post("/undo")
def take_back(
    request: Request, project: MemberProjectDep, body: UndoBody, user: UserDep, session: SessionDep
) -> dict[str, Any]:
    """Take a page back; its images are leased to the tab again, since they are on its screen."""
    undone = grid.undo_page(
        session, user=user, project_id=project.id, undoes=body.undoes, key=body.key, image_ids=body.image_ids
    )
    tab = holder(request, user, body.tab)
    held = hold(session, project_id=project.id, holder=tab, image_ids=undone)
    return {"key": body.key, "undone": held}
