"""Who has which image on screen. A lease is taken at the moment of serving, and ends by the clock.

Nothing is reserved for people who have not asked, so nobody's absence can block a pile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.labeling.queries import is_opinion
from app.models import NO_PILE, Annotation, Image, ImageState, QueueEntry, now

UNANSWERED = (ImageState.UNCLEAR, ImageState.ACCEPTED)
"""States of an image that labelers have seen and whose label no person has settled."""


@dataclass(frozen=True)
class Holder:
    """A browser tab of a person, and how long an image stays with it: two tabs of one person are two holders."""

    user_id: int
    tab: str
    lease_s: float


def claim(
    session: Session, *, project_id: int, pile: str, holder: Holder, count: int, have: Sequence[int]
) -> list[int]:
    """Lease the next `count` free images to `holder` and return their ids, most useful first.

    One statement finds and takes them, so no image goes to two holders; on PostgreSQL rows that another claim
    is taking are passed over. Images that the tab leased before and does not `have`, because it was loaded
    anew, come again.
    """
    free = (
        select(QueueEntry.image_id)
        .where(
            QueueEntry.project_id == project_id,
            QueueEntry.pile == pile,
            QueueEntry.image_id.not_in(have),
            waits_for(holder.user_id),
            may_take(holder),
        )
        .order_by(QueueEntry.rank, QueueEntry.image_id)
        .limit(count)
        .with_for_update(skip_locked=True)
        # A subquery may be run more than once in one statement, and would then lock further rows each time.
        .cte("free")
    )
    taken = session.execute(
        update(QueueEntry)
        .where(QueueEntry.image_id.in_(select(free.c.image_id)))
        .values(_lease(holder))
        .returning(QueueEntry.rank, QueueEntry.image_id)
        .execution_options(synchronize_session=False)
    )
    return [row.image_id for row in sorted(taken, key=lambda row: (row.rank, row.image_id))]


def keep(session: Session, *, project_id: int, holder: Holder, image_ids: Sequence[int]) -> list[int]:
    """Lease images that `holder` has on screen already; return those that still wait and that nobody else has.

    One that a new round accepted meanwhile waits no more: its lease is prolonged too, since it is on screen.
    """
    if not image_ids:
        return []
    kept = session.execute(
        update(QueueEntry)
        .where(
            QueueEntry.project_id == project_id,
            QueueEntry.image_id.in_(image_ids),
            waits_for(holder.user_id),
            may_take(holder),
        )
        .values(_lease(holder))
        .returning(QueueEntry.image_id, QueueEntry.pile)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return sorted(row.image_id for row in kept if row.pile != NO_PILE)


def hold(session: Session, *, project_id: int, holder: Holder, image_ids: Sequence[int]) -> list[int]:
    """Lease unanswered images, whether they wait in a pile or not; return those that nobody else has.

    Who has an image is decided by its row, so two holders who ask at once never both get it.
    """
    unanswered = select(Image.id).where(
        Image.project_id == project_id, Image.id.in_(image_ids), Image.state.in_(UNANSWERED)
    )
    ids = session.scalars(unanswered.order_by(Image.id)).all()
    if not ids:
        return []
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = {"project_id": project_id, "pile": NO_PILE, "rank": 0.0, **_lease(holder)}
    held = session.scalars(
        dialect.insert(QueueEntry)
        .values([{"image_id": image_id, **row} for image_id in ids])
        .on_conflict_do_update(
            index_elements=[QueueEntry.image_id],
            set_=_lease(holder),
            where=and_(waits_for(holder.user_id), may_take(holder)),
        )
        .returning(QueueEntry.image_id)
    )  # fmt: skip
    return sorted(held)


def release(session: Session, *, project_id: int, holder: Holder, which: ColumnElement[bool]) -> None:
    """End the tab's own leases on the images for which the condition holds."""
    session.execute(
        update(QueueEntry)
        .where(
            QueueEntry.project_id == project_id,
            which,
            QueueEntry.leased_by_id == holder.user_id,
            QueueEntry.leased_tab == holder.tab,
        )
        .values(leased_by_id=None, leased_tab=None, leased_until=None)
        .execution_options(synchronize_session=False)
    )


@lru_cache(maxsize=1_000)
def waits_for(user_id: int) -> ColumnElement[bool]:
    """The condition that an image waits for this person: nobody is asked twice, but for an own answer again.

    Putting it together takes as long as the claim itself, so it is done once a person.
    """
    answered = (
        exists(Annotation.id)
        .where(Image.id == QueueEntry.image_id, Annotation.author_id == user_id, is_opinion())
        .correlate(QueueEntry)
    )
    return and_(
        or_(QueueEntry.for_id.is_(None), QueueEntry.for_id == user_id), or_(~QueueEntry.others_only, ~answered)
    )


def _lease(holder: Holder) -> dict[str, object]:
    return {
        "leased_by_id": holder.user_id,
        "leased_tab": holder.tab,
        "leased_until": now() + timedelta(seconds=holder.lease_s),
    }


def may_take(holder: Holder) -> ColumnElement[bool]:
    """Free, run out, or the tab's own."""
    moment = now()
    return or_(
        QueueEntry.leased_until.is_(None),
        QueueEntry.leased_until < moment,
        # Longer than any lease given now: from before the clock was set back.
        QueueEntry.leased_until > moment + timedelta(seconds=2 * holder.lease_s),
        and_(QueueEntry.leased_by_id == holder.user_id, QueueEntry.leased_tab == holder.tab),
    )
