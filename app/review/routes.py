"""The annotator's screen, and the few calls that it makes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.db import ReadSessionDep, SessionDep
from app.errors import NotFoundError
from app.html.templating import render
from app.images.queries import image_url
from app.labelers import service as labelers
from app.labeling import service as labeling
from app.labeling.queries import find_newest_round_id, loop_counts
from app.models import AnnotationKind, AnnotationSource, Image, LabelClass, Pile, Project, Role, User
from app.projects.access import MemberProjectDep
from app.projects.queries import LARGEST_ID
from app.review import audit, queries, service
from app.review.leases import Holder, claim, keep
from app.security import UserDep, may_act_as

router = APIRouter(prefix="/projects/{project_id}")

WORDS = {
    Pile.SEED: {"done": "seed answers", "end": "No new image waits for an answer.", "next": ""},
    Pile.REVIEW: {"done": "settled", "end": "Every unclear image is settled.", "next": ""},
    Pile.AUDIT: {"done": "checked", "end": "The whole sample is checked.", "next": "/audit"},
}
"""How the screen speaks of each pile, and where it leads from there."""

Id = Annotated[int, Field(gt=0, le=LARGEST_ID)]
Tab = Annotated[str, Field(min_length=8, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
KeyQuery = Annotated[str, Query(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClaimBody(Body):
    tab: Tab
    count: Annotated[int, Field(ge=0, le=50)] = 20
    have: Annotated[list[Id], Field(max_length=200)] = []


class AnnotationBody(Body):
    image_id: Id
    kind: Literal["label", "cant_tell"]
    class_id: Id | None = None
    source: Literal["seed", "review", "audit"]
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


def _screen(request: Request, project: Project, user: User, session: ReadSessionDep, pile: Pile) -> Response:
    counts = loop_counts(session, project.id)
    config = {
        "project": project.id,
        "user": user.id,
        "pile": pile.value,
        "classes": [class_json(c) for c in project.active_classes],
        "words": WORDS[pile],
        "showOpinions": project.show_opinions and pile != Pile.AUDIT,
        "engineer": may_act_as(user, Role.ENGINEER),
        "train": pile == Pile.SEED and find_newest_round_id(session, project.id) is None,
        "goal": project.seed_size if pile == Pile.SEED else None,
        "done": queries.count_done(session, project.id, pile, counts),
        "recent": queries.recent_answers(session, project.id, user.id, pile),
    }
    return render(request, "review/screen.html", config=config, pile=pile.value, counts=counts)


def class_json(label_class: LabelClass) -> dict[str, Any]:
    return {
        "id": label_class.id, "name": label_class.name, "key": label_class.key, "color": label_class.color
    }  # fmt: skip


@router.post("/queue/{pile}/claim")
def claim_images(
    request: Request, project: MemberProjectDep, pile: Pile, body: ClaimBody, user: UserDep, session: SessionDep
) -> dict[str, Any]:
    """Lease the tab's next images, and prolong its leases on those it has.

    `kept`: those of `have` that are still its own. `waiting`: how many the pile holds, leased ones included,
    as far as they were counted.
    """
    holder = _holder(request, user, body.tab)
    kept = keep(session, project_id=project.id, holder=holder, image_ids=body.have)
    taken = claim(
        session, project_id=project.id, pile=pile, holder=holder, count=body.count, have=body.have
    )  # fmt: skip
    waiting = queries.count_waiting(session, project.id, pile)
    return {
        "items": queries.items(session, project.id, taken, blind=pile == Pile.AUDIT),
        "kept": kept,
        "waiting": waiting,
        "counted_all": waiting < queries.MOST_COUNTED,
        "classes": [class_json(c) for c in project.active_classes],
    }


def _holder(request: Request, user: User, tab: str) -> Holder:
    return Holder(user.id, tab, request.app.state.settings.lease_s)


@router.post("/annotations")
def annotate(
    project: MemberProjectDep, body: AnnotationBody, user: UserDep, session: SessionDep
) -> dict[str, Any]:
    if body.source == AnnotationSource.AUDIT.value:
        audit.require_drawn(session, project.id, body.image_id)
    answer = labeling.Answer(
        image_id=body.image_id, kind=AnnotationKind(body.kind), class_id=body.class_id,
        source=AnnotationSource(body.source), seconds=body.seconds, key=body.key, flagged=body.flagged,
    )  # fmt: skip
    row = labeling.submit_annotation(session, user=user, project_id=project.id, answer=answer)
    session.flush()
    labelers.go_on(session, project)
    return {"saved": row.id, "key": body.key}


@router.get("/annotations/recent")
def recent(
    project: MemberProjectDep, pile: Pile, before: KeyQuery, user: UserDep, session: ReadSessionDep
) -> dict[str, Any]:
    """Return one's own answers before the one with this key, oldest first: for undo after a reload."""
    return {"recent": queries.recent_answers(session, project.id, user.id, pile, before)}


@router.post("/annotations/undo")
def undo(
    request: Request, project: MemberProjectDep, body: UndoBody, user: UserDep, session: SessionDep
) -> dict[str, Any]:
    """Take an answer back; its image is leased to the tab again, since it is on its screen."""
    row = labeling.undo(session, user=user, project_id=project.id, undoes_key=body.undoes, key=body.key)
    session.flush()
    if row.source == AnnotationSource.AUDIT:
        audit.wait_again(session, project.id, row.image_id)
    keep(session, project_id=project.id, holder=_holder(request, user, body.tab), image_ids=[row.image_id])
    return {"undone": row.id, "key": body.key}


@router.post("/images/{image_id}/doubt")
def doubt(project: MemberProjectDep, image_id: int, session: SessionDep) -> dict[str, Any]:
    """Send an image to review, whoever labelled it."""
    image = session.get(Image, image_id) if 0 < image_id <= LARGEST_ID else None
    if image is None or image.project_id != project.id:
        raise NotFoundError("There is no such image.")
    service.send_to_review(session, image)
    return {"image": image.id, "url": image_url(project.id, image.id, image.sha256)}


@router.get("/progress")
def progress(project: MemberProjectDep, session: ReadSessionDep) -> dict[str, Any]:
    return vars(loop_counts(session, project.id))
