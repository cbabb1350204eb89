"""The grid's tiles and answers: many images on one screen, confirmed in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from app.errors import AppError, BadInputError, NotFoundError
from app.labeling import service as labeling
from app.labeling.settle import settle
from app.models import (
    NO_PILE,
    Annotation,
    AnnotationKind,
    AnnotationSource,
    Image,
    ImageState,
    Pile,
    QueueEntry,
    User,
)
from app.review import audit
from app.review.leases import UNANSWERED, Holder, hold, may_take, release, waits_for
from app.review.service import send_to_review


@dataclass(frozen=True)
class Wanted:
    """Which images a grid shows, and in which order."""

    project_id: int
    class_id: int
    state: str
    least_sure_first: bool

    @property
    def fits(self) -> ColumnElement[bool]:
        return and_(
            Image.project_id == self.project_id,
            Image.state == self.state,
            Image.predicted_class_id == self.class_id,
            Image.left_out_of.is_(None),
        )


def claim_tiles(session: Session, wanted: Wanted, holder: Holder, count: int, have: Sequence[int]) -> list[int]:
    """Lease the next `count` images beside those that the tab has, and return their ids in order.

    What is drawn for an audit is left to it: there nobody may see the label that is checked.
    """
    taken: list[int] = []
    asked = list(have)
    order = Image.confidence if wanted.least_sure_first else Image.confidence.desc()
    may_have = and_(QueueEntry.pile != Pile.AUDIT, waits_for(holder.user_id), may_take(holder))
    free = (
        select(Image.id)
        .outerjoin(QueueEntry, QueueEntry.image_id == Image.id)
        .where(wanted.fits, or_(QueueEntry.image_id.is_(None), may_have))
        .order_by(order, Image.id)
    )
    while len(taken) < count:
        ids = session.scalars(free.where(Image.id.not_in(asked)).limit(count - len(taken))).all()
        if not ids:
            break
        mine = hold(session, project_id=wanted.project_id, holder=holder, image_ids=ids)
        taken += [image_id for image_id in ids if image_id in mine]
        asked += ids
    return taken


@dataclass(frozen=True)
class Refusal:
    """Why an answer of a page could not be taken."""

    image_id: int
    sentence: str


def submit_tiles(
    session: Session, *, user: User, project_id: int, key: str, seconds: float, answers: Mapping[int, int]
) -> tuple[Annotation | None, list[Refusal]]:
    """Add an answer an image, each with these seconds; return the newest, and what was refused.

    Sent again, nothing is added. Raise BadInputError for a class that the project does not have.
    """
    given = [
        labeling.Answer(
            image_id=image_id, kind=AnnotationKind.LABEL, class_id=answers[image_id],
            source=AnnotationSource.REVIEW, seconds=seconds, key=answer_key(key, image_id),
        )
        for image_id in sorted(answers)
    ]  # fmt: skip
    newest, refused = None, []
    taken = labeling.submit_annotations(session, user=user, project_id=project_id, answers=given)
    for answer, outcome in zip(given, taken, strict=True):
        if isinstance(outcome, BadInputError):
            raise outcome
        if isinstance(outcome, AppError):
            refused.append(Refusal(answer.image_id, str(outcome)))
        else:
            newest = outcome
    return newest, refused


def share_out(seconds: float, tiles: int) -> float:
    """Return what each tile of a page took; of a person who was away no more than an answer may take."""
    return min(seconds, labeling.LONGEST_ANSWER_S) / max(tiles, 1)


def leave_out(session: Session, *, project_id: int, holder: Holder, image_ids: Sequence[int]) -> None:
    """Let images that a person could not decide at a glance wait for the review screen, and on no grid."""
    unanswered = select(Image).where(
        Image.project_id == project_id,
        Image.id.in_(image_ids),
        Image.state.in_(UNANSWERED),
        Image.left_out_of.is_(None),
    )
    for image in session.scalars(unanswered.order_by(Image.id)).all():
        image.left_out_of = image.state
        if image.state == ImageState.ACCEPTED:
            send_to_review(session, image)
    release(session, project_id=project_id, holder=holder, which=QueueEntry.image_id.in_(image_ids))


def undo_tiles(
    session: Session, *, user: User, project_id: int, undoes: str, key: str, image_ids: Sequence[int]
) -> list[int]:
    """Take back the page's answers to these images; return the images that it holds again."""
    undone = take_in(session, project_id, image_ids)
    for image_id in sorted(set(image_ids) - set(undone)):
        try:
            labeling.undo(
                session, user=user, project_id=project_id,
                undoes_key=answer_key(undoes, image_id), key=answer_key(key, image_id),
            )  # fmt: skip
        except NotFoundError:
            continue  # refused when the page came
        undone.append(image_id)
    session.flush()
    _wait_for_nobody(session, undone)
    for image_id in undone:
        audit.wait_again(session, project_id, image_id)
    return sorted(undone)


def _wait_for_nobody(session: Session, image_ids: Sequence[int]) -> None:
    """Let those of these images that the labelers accept be in no pile, as they were before the page."""
    accepted = select(Image.id).where(Image.id.in_(image_ids), Image.state == ImageState.ACCEPTED)
    session.execute(
        update(QueueEntry)
        .where(QueueEntry.image_id.in_(accepted))
        .values(pile=NO_PILE, rank=0.0)
        .execution_options(synchronize_session=False)
    )


def take_in(session: Session, project_id: int, image_ids: Sequence[int]) -> list[int]:
    """Undo `leave_out` for those of these images that nobody has answered since; return them."""
    left_out = select(Image).where(
        Image.project_id == project_id,
        Image.id.in_(image_ids),
        Image.state.in_(UNANSWERED),
        Image.left_out_of.is_not(None),
    )
    images = session.scalars(left_out).all()
    for image in images:
        if image.left_out_of == ImageState.ACCEPTED:
            image.proposed_class_id = image.predicted_class_id
        image.left_out_of = None
    ids = [image.id for image in images]
    settle(session, ids)
    return ids


def answer_key(page_key: str, image_id: int) -> str:
    return f"{page_key}-{image_id}"


def find_page_of(key: str) -> str | None:
    """Return the key of the page that an answer belongs to."""
    page, _, _ = key.rpartition("-")
    return page if page.startswith("page_") else None
