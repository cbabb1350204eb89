"""Audits: drawing a random sample of the accepted pile, drawing more of it, ending it.

Never chosen by a model, and drawn anew for each statement: the pile is fixed first, then comes the lot.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.errors import BadInputError, ConflictError
from app.labeling.queries import find_newest_round_id, front_rank
from app.languages import gettext as _
from app.languages import written
from app.models import (
    Audit,
    AuditItem,
    AuditPlan,
    Image,
    ImageState,
    Pile,
    Project,
    QueueEntry,
    User,
    now,
)
from app.review import audit_queries

FIXED_STAYS = (
    "The size of this audit was fixed beforehand, and what it says holds for that size only; "
    "draw a new audit, or one that may be prolonged."
)
NOT_DRAWN = "This image is not in the sample of the audit."


@dataclass(frozen=True)
class Accepted:
    """A label of the pile."""

    image_id: int
    sha256: str
    class_id: int


def draw(session: Session, *, project: Project, user: User, size: int, plan: AuditPlan) -> Audit:
    """Draw `size` labels by lot from what is accepted now, and let them wait for a person.

    Raise ConflictError when nothing is accepted or another audit is under way, BadInputError when the pile is
    smaller than that. An audit that was answered to its end is closed by the next.
    """
    session.execute(select(Project.id).where(Project.id == project.id).with_for_update())
    newest_round = find_newest_round_id(session, project.id)
    pile = _accepted(session, project.id)
    if newest_round is None or not pile:
        raise ConflictError(_("There is nothing to audit yet: the labelers have accepted no image."))
    if size > len(pile):
        raise BadInputError(
            _("Only %(all)s labels are accepted; a sample of %(size)s cannot be drawn.")
            % {"all": written(f"{len(pile):,}"), "size": written(f"{size:,}")}
        )
    before = audit_queries.find_newest(session, project.id)
    if before and before.ended_at is None:
        if not audit_queries.statement_of(session, before).complete:
            raise ConflictError(_("An audit is under way; finish it or end it first."))
        end(session, before)
    made = Audit(
        project_id=project.id, round_id=newest_round, number=before.number + 1 if before else 1, plan=plan,
        seed=secrets.randbelow(2**31), pile_size=len(pile), pile_sha256=pile_digest(pile),
        created_by_id=user.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _add(session, made, in_drawn_order(pile, made.seed)[:size], 0)
    return made


def draw_more(session: Session, audit: Audit, count: int) -> None:
    """Prolong an audit whose plan allows it; the order of drawing was settled when it began.

    Raise ConflictError for a fixed size, and when the pile is no longer the one that was drawn from.
    """
    if audit.plan != AuditPlan.OPEN:
        raise ConflictError(FIXED_STAYS)
    if audit.ended_at is not None:
        raise ConflictError(_("This audit has ended; draw a new one."))
    drawn = _drawn(session, audit)
    known = {label.image_id for label in drawn}
    pile = drawn + [label for label in _accepted(session, audit.project_id) if label.image_id not in known]
    if pile_digest(pile) != audit.pile_sha256:
        raise ConflictError(_("The accepted pile has changed since this audit began; draw a new one."))
    following = in_drawn_order(pile, audit.seed)[len(drawn) : len(drawn) + count]
    if not following:
        raise ConflictError(_("Every accepted label is in the sample already."))
    _add(session, audit, following, len(drawn))


def end(session: Session, audit: Audit) -> None:
    """Keep what was found; what nobody has checked goes back to where it stood. Done twice it is done once."""
    if audit.ended_at is not None:
        return
    for item, outcome in audit_queries.outcomes(session, audit):
        item.outcome = outcome
    audit.ended_at = now()
    waiting = select(QueueEntry.image_id).where(
        QueueEntry.project_id == audit.project_id, QueueEntry.pile == Pile.AUDIT
    )
    unclear = select(Image.id).where(Image.id.in_(waiting), Image.state != ImageState.ACCEPTED)
    session.flush()
    session.execute(
        update(QueueEntry)
        .where(QueueEntry.image_id.in_(unclear))
        .values(pile=Pile.REVIEW)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        delete(QueueEntry)
        .where(QueueEntry.project_id == audit.project_id, QueueEntry.pile == Pile.AUDIT)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def require_drawn(session: Session, project_id: int, image_id: int) -> None:
    """Raise ConflictError when the image is in no open sample: its answer would not be one of chance."""
    newest = audit_queries.find_newest(session, project_id)
    if newest is None or image_id not in audit_queries.drawn_ids(session, newest, [image_id]):
        raise ConflictError(NOT_DRAWN)


def wait_again(session: Session, project_id: int, image_id: int) -> None:
    """Let an image whose audit answer was taken back wait for the audit again, while that is open."""
    newest = audit_queries.find_newest(session, project_id)
    if newest is None or newest.ended_at is not None:
        return
    if audit_queries.drawn_ids(session, newest, [image_id]):
        _let_wait(session, newest, {image_id: front_rank(session, project_id)})


def in_drawn_order(pile: Sequence[Accepted], seed: int) -> list[Accepted]:
    """Return the whole pile in the order in which its labels are drawn: the same for the same pile and seed."""
    ordered = sorted(pile, key=lambda label: label.image_id)
    random.Random(seed).shuffle(ordered)
    return ordered


def pile_digest(pile: Iterable[Accepted]) -> str:
    """Name a pile by its images and labels: sha256 over sorted lines `IMAGE_SHA256 CLASS_ID`."""
    lines = sorted(f"{label.sha256} {label.class_id}\n" for label in pile)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _accepted(session: Session, project_id: int) -> list[Accepted]:
    rows = session.execute(
        select(Image.id, Image.sha256, Image.class_id).where(
            Image.project_id == project_id, Image.state == ImageState.ACCEPTED
        )
    )
    return [Accepted(row.id, row.sha256, row.class_id or 0) for row in rows]


def _drawn(session: Session, audit: Audit) -> list[Accepted]:
    rows = session.execute(
        select(Image.id, Image.sha256, AuditItem.class_id)
        .join(AuditItem, AuditItem.image_id == Image.id)
        .where(AuditItem.audit_id == audit.id)
    )
    return [Accepted(*row) for row in rows]


def _add(session: Session, audit: Audit, labels: Sequence[Accepted], begin: int) -> None:
    session.add_all(
        AuditItem(audit_id=audit.id, position=place, image_id=label.image_id, class_id=label.class_id)
        for place, label in enumerate(labels, start=begin)
    )
    session.flush()
    _let_wait(session, audit, {label.image_id: float(begin + i) for i, label in enumerate(labels)})


def _let_wait(session: Session, audit: Audit, ranks: dict[int, float]) -> None:
    """An image on somebody's screen keeps its lease, and waits for the audit."""
    known = {
        entry.image_id: entry
        for entry in session.scalars(select(QueueEntry).where(QueueEntry.project_id == audit.project_id))
        if entry.image_id in ranks
    }
    for image_id, rank in ranks.items():
        entry = known.get(image_id) or QueueEntry(image_id=image_id, project_id=audit.project_id)
        entry.pile, entry.rank = Pile.AUDIT, rank
        session.add(entry)
    session.flush()
