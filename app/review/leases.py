"""Who has which image on screen. A lease is taken at the moment of serving, and ends by the clock.

Nothing is reserved for people who have not asked, so nobody's absence can block a pile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from app.models import QueueEntry, now


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
            _may_take(holder),
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
    """Lease images that `holder` has on screen already; return those that still wait and that nobody else has."""
    if not image_ids:
        return []
    kept = session.scalars(
        update(QueueEntry)
        .where(
            QueueEntry.project_id == project_id, QueueEntry.image_id.in_(image_ids), _may_take(holder)
        )
        .values(_lease(holder))
        .returning(QueueEntry.image_id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return sorted(kept)


def _lease(holder: Holder) -> dict[str, object]:
    return {
        "leased_by_id": holder.user_id,
        "leased_tab": holder.tab,
        "leased_until": now() + timedelta(seconds=holder.lease_s),
    }


def _may_take(holder: Holder) -> ColumnElement[bool]:
    """Free, run out, or the tab's own."""
    moment = now()
    return or_(
        QueueEntry.leased_until.is_(None),
        QueueEntry.leased_until < moment,
        # Longer than any lease given now: from before the clock was set back.
        QueueEntry.leased_until > moment + timedelta(seconds=2 * holder.lease_s),
        and_(QueueEntry.leased_by_id == holder.user_id, QueueEntry.leased_tab == holder.tab),
    )
