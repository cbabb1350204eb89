"""The annotator's screen, and the few calls that it makes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy import and_
from sqlalchemy.orm import Session

from app.db import DatabaseDep, ReadSessionDep, SessionDep
from app.errors import NotFoundError
from app.html.templating import render
from app.images.queries import image_url
from app.labelers import service as labelers
from app.labeling import service as labeling
from app.labeling.queries import find_newest_round_id, loop_counts
from app.languages import gettext as _
from app.models import (
    Annotation,
    AnnotationKind,
    AnnotationSource,
    Image,
    Pile,
    Project,
    QueueEntry,
    Recipe,
    Role,
    User,
)
from app.projects.access import EngineerProjectDep, Member, MemberDep, MemberProjectDep
from app.projects.queries import LARGEST_ID, list_active_classes
from app.review import audit, queries, service
from app.review.bodies import Body, Id, Key, Tab, class_json, holder
from app.review.leases import Holder, claim, keep, release
from app.review.repeats import mix_in
from app.security import UserDep, may_act_as, require

router = APIRouter(prefix="/projects/{project_id}")

KeyQuery = Annotated[str, Query(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class ClaimBody(Body):
    tab: Tab
    count: Annotated[int, Field(ge=0, le=50)] = 20
    have: Annotated[list[Id], Field(max_length=200, default_factory=list)]
    renew: bool = False
    """The order has changed: what the tab has leased and does not `have` goes back before it is served anew."""


class AnnotationBody(Body):
    image_id: Id
    kind: Literal["label", "cant_tell"]
    class_id: Id | None = None
    source: Literal["seed", "review", "audit", "adjudication"]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    key: Key
    flagged: bool = False


class UndoBody(Body):
    undoes: Key
    key: Key
    tab: Tab


@router.get("/label")
def label_page(request: Request, project: MemberProjectDep, user: UserDep, session: ReadSessionDep) -> Response:
    return _screen(request, project, user, session, Pile.SEED)


@router.get("/review")
def review_page(request: Request, project: MemberProjectDep, user: UserDep, session: ReadSessionDep) -> Response:
    return _screen(request, project, user, session, Pile.REVIEW)


@router.get("/audit/check")
def audit_check_page(
    request: Request, project: MemberProjectDep, user: UserDep, session: ReadSessionDep
) -> Response:
    """Check the labels of the audit's sample, without seeing them."""
    return _screen(request, project, user, session, Pile.AUDIT)


@router.get("/adjudicate")
def adjudicate_page(
    request: Request, project: EngineerProjectDep, user: UserDep, session: ReadSessionDep
) -> Response:
    return _screen(request, project, user, session, Pile.DISPUTED)


def _screen(request: Request, project: Project, user: User, session: ReadSessionDep, pile: Pile) -> Response:
    counts = loop_counts(session, project.id)
    own_count = project.overlap > 1 and pile in {Pile.SEED, Pile.REVIEW}
    config = {
        "project": project.id,
        "user": user.id,
        "pile": pile.value,
        "source": queries.SOURCES[pile][0],
        "classes": [class_json(c) for c in project.active_classes],
        "words": _words(pile, any_images=counts.images > 0)
        | ({"done": _("answered by you")} if own_count else {}),
        "showOpinions": project.show_opinions and pile not in {Pile.AUDIT, Pile.DISPUTED},
        "engineer": may_act_as(user, Role.ENGINEER),
        "train": pile == Pile.SEED and project.overlap == 1 and find_newest_round_id(session, project.id) is None,
        "learnsAlone": project.recipe == Recipe.SQUINT,
        "ownCount": own_count or pile == Pile.DISPUTED,
        "goal": project.seed_size if pile == Pile.SEED else None,
        "done": queries.count_done(session, project, pile, user.id, counts),
        "recent": queries.recent_answers(session, project.id, user.id, pile),
    }
    return render(request, "review/screen.html", config=config, pile=pile.value, counts=counts)


def _words(pile: Pile, *, any_images: bool) -> dict[str, str]:
    """How the screen speaks of a pile, and where it leads from there."""
    done, end, following = {
        Pile.SEED: (_("seed answers"), _("No new image waits for your answer."), ""),
        Pile.REVIEW: (_("settled"), _("No unclear image waits for your answer."), ""),
        Pile.DISPUTED: (_("decided"), _("No image waits for a decision."), ""),
        Pile.AUDIT: (_("checked"), _("The whole sample is checked."), "/audit"),
    }[pile]
    thanks, nothing = _("Thank you."), _("There are no images yet.")
    return {"done": done, "end": f"{end} {thanks}" if any_images else nothing, "next": following}


@router.post("/queue/{pile}/claim")
async def claim_images(
    request: Request, member: MemberDep, pile: Pile, body: ClaimBody, database: DatabaseDep
) -> Response:
    """Lease the tab's next images, and prolong its leases on those it has.

    `kept`: those of `have` that are still its own. `waiting`: how many the pile holds, leased ones included,
    as far as they were counted. `round`: whose order it is.
    """
    if pile == Pile.DISPUTED:
        require(member.user, Role.ENGINEER)
    tab = holder(request, member.user, body.tab)
    kept, taken = await database.change(lambda session: _leased(session, member.project_id, pile, body, tab))
    # Told when others may write again: they wait for the leases, not for the words about them.
    told = await database.ask(lambda session: _told(session, member, pile, taken))
    return JSONResponse({"kept": kept, **told})


def _leased(
    session: Session, project_id: int, pile: Pile, body: ClaimBody, tab: Holder
) -> tuple[list[int], list[int]]:
    kept = keep(session, project_id=project_id, holder=tab, image_ids=body.have)
    if body.renew:
        others = and_(QueueEntry.pile == pile, QueueEntry.image_id.not_in(body.have))
        release(session, project_id=project_id, holder=tab, which=others)
    taken = claim(session, project_id=project_id, pile=pile, holder=tab, count=body.count, have=body.have)
    # Renewed ones had their share of repeated images when they were first served.
    return kept, taken if body.renew else mix_in(session, project_id, pile, tab, taken)


def _told(session: Session, member: Member, pile: Pile, taken: list[int]) -> dict[str, Any]:
    project_id = member.project_id
    waiting = queries.count_waiting(session, project_id, pile, member.user.id)
    return {
        "items": queries.items(session, project_id, taken, pile),
        "waiting": waiting,
        "counted_all": waiting < queries.MOST_COUNTED,
        "round": find_newest_round_id(session, project_id),
        "classes": [class_json(c) for c in list_active_classes(session, project_id)],
    }


@router.post("/annotations")
async def annotate(member: MemberDep, body: AnnotationBody, database: DatabaseDep) -> Response:
    return JSONResponse(await database.change(lambda session: _annotated(session, member, body)))


def _annotated(session: Session, member: Member, body: AnnotationBody) -> dict[str, Any]:
    if body.source == AnnotationSource.AUDIT.value:
        audit.require_drawn(session, member.project_id, body.image_id)
    if body.source == AnnotationSource.ADJUDICATION.value:
        require(member.user, Role.ENGINEER)
    answer = labeling.Answer(
        image_id=body.image_id, kind=AnnotationKind(body.kind), class_id=body.class_id,
        source=AnnotationSource(body.source), seconds=body.seconds, key=body.key, flagged=body.flagged,
    )  # fmt: skip
    row = labeling.submit_annotation(session, user=member.user, project_id=member.project_id, answer=answer)
    session.flush()
    labelers.go_on(session, row)
    return {"saved": row.id, "key": body.key, **_note(session, row)}


def _note(session: Session, row: Annotation) -> dict[str, str]:
    decides = row.source == AnnotationSource.ADJUDICATION
    if row.kind != AnnotationKind.CANT_TELL or decides or not queries.is_set_aside_alone(session, row.image_id):
        return {}
    alone = _("Nobody else is in this project to ask: the image is set aside, and no model learns from it.")
    return {"note": alone}


@router.get("/annotations/recent")
def recent(
    project: MemberProjectDep, pile: Pile, before: KeyQuery, user: UserDep, session: ReadSessionDep
) -> dict[str, Any]:
    """Return one's own answers before the one with this key, oldest first: for undo after a reload."""
    return {"recent": queries.recent_answers(session, project.id, user.id, pile, before)}


@router.post("/annotations/undo")
async def undo(request: Request, member: MemberDep, body: UndoBody, database: DatabaseDep) -> Response:
    """Take an answer back; its image is leased to the tab again, since it is on its screen."""
    tab = holder(request, member.user, body.tab)
    undone = await database.change(lambda session: _undone(session, member, body, tab))
    return JSONResponse({"undone": undone, "key": body.key})


def _undone(session: Session, member: Member, body: UndoBody, tab: Holder) -> int:
    project_id = member.project_id
    row = labeling.undo(session, user=member.user, project_id=project_id, undoes_key=body.undoes, key=body.key)
    session.flush()
    if row.source == AnnotationSource.AUDIT:
        audit.wait_again(session, project_id, row.image_id)
    keep(session, project_id=project_id, holder=tab, image_ids=[row.image_id])
    return row.id


@router.post("/images/{image_id}/doubt")
def doubt(project: MemberProjectDep, image_id: int, session: SessionDep) -> dict[str, Any]:
    """Send an image to review, whoever labelled it."""
    image = session.get(Image, image_id) if 0 < image_id <= LARGEST_ID else None
    if image is None or image.project_id != project.id:
        raise NotFoundError(_("There is no such image."))
    service.send_to_review(session, image)
    return {"image": image.id, "url": image_url(project.id, image.id, image.sha256)}


@router.get("/progress")
def progress(project: MemberProjectDep, session: ReadSessionDep) -> dict[str, Any]:
    return vars(loop_counts(session, project.id))
