"""The grid: a page of tiles of one predicted class, judged at one glance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy.orm import Session

from app.db import DatabaseDep, ReadSessionDep, SessionDep
from app.errors import NotFoundError
from app.html.templating import render
from app.labelers import service as labelers
from app.languages import gettext as _
from app.models import ImageState, QueueEntry
from app.parts import in_parts
from app.projects.access import Member, MemberDep, MemberProjectDep
from app.review import grid, grid_queries
from app.review.bodies import Body, Id, Tab, class_json, holder
from app.review.leases import Holder, hold, release
from app.security import UserDep

router = APIRouter(prefix="/projects/{project_id}/grid")

PAGE_SIZES = [40, 60, 80, 100, 120]
MOST_TILES = PAGE_SIZES[-1]
MOST_HELD = 500
AT_ONCE = 40
"""Answers a transaction: nobody else's answer waits for a whole page."""
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
        **grid_queries.tiles(session, project.id, taken),
        "kept": kept,
        "elsewhere": grid_queries.count_elsewhere(session, wanted, user.id, here)
        if len(taken) < body.count
        else None,
        "classes": [class_json(c) for c in project.active_classes],
    }


@router.post("/answers")
async def confirm(request: Request, member: MemberDep, body: PageBody, database: DatabaseDep) -> Response:
    """Save a page of answers; those that cannot be taken are listed, each with its reason.

    It is saved part by part, so that other people's answers pass between. Sent again, it adds what is missing.
    """
    seconds = grid.share_out(body.seconds, len(body.answers) + len(body.left_out))
    refused: list[grid.Refusal] = []
    for part in in_parts(body.answers, AT_ONCE):
        refused += await database.change(partial(_save, member=member, key=body.key, seconds=seconds, part=part))
    tab = holder(request, member.user, body.tab)
    leave_out = partial(grid.leave_out, project_id=member.project_id, holder=tab, image_ids=body.left_out)
    await database.change(leave_out)
    return JSONResponse({"key": body.key, "refused": [vars(refusal) for refusal in refused]})


def _save(
    session: Session, *, member: Member, key: str, seconds: float, part: Sequence[TileAnswer]
) -> list[grid.Refusal]:
    newest, refused = grid.submit_tiles(
        session, user=member.user, project_id=member.project_id, key=key, seconds=seconds,
        answers={answer.image_id: answer.class_id for answer in part},
    )  # fmt: skip
    session.flush()
    if newest is not None:
        labelers.go_on(session, newest)
    return refused


@router.post("/undo")
async def take_back(request: Request, member: MemberDep, body: UndoBody, database: DatabaseDep) -> Response:
    """Take a page back; its images are leased to the tab again, since they are on its screen."""
    tab = holder(request, member.user, body.tab)
    undone, held = 0, list[int]()
    for part in in_parts(body.image_ids, AT_ONCE):
        step = await database.change(partial(_undo, member=member, body=body, tab=tab, part=part))
        undone, held = undone + step[0], held + step[1]
    if not undone:
        raise NotFoundError(_("There is no such page to take back."))
    return JSONResponse({"key": body.key, "undone": held})


def _undo(
    session: Session, *, member: Member, body: UndoBody, tab: Holder, part: Sequence[int]
) -> tuple[int, list[int]]:
    """Return how many were taken back, and which of them the tab holds now."""
    undone = grid.undo_tiles(
        session, user=member.user, project_id=member.project_id, undoes=body.undoes, key=body.key, image_ids=part
    )
    return len(undone), hold(session, project_id=member.project_id, holder=tab, image_ids=undone)
