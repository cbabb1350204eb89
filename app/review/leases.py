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
    """A browser tab of a person: two tabs of one person are two holders."""

    user_id: int
    tab: str


def claim(
    session: Session,
    *,
    project_id: int,
    pile: str,
    holder: Holder,
    count: int,
    have: Sequence[int],
    lease_s: float,
) -> list[int]:
    """Lease the next `count` free images to `holder` and return their ids, most useful first.

    One statement finds and takes them, so no image goes to two holders; on PostgreSQL rows that another claim
    is taking are passed over. Leases on `have`, the images that the tab holds already, are prolonged.
    """
    until = now() + timedelta(seconds=lease_s)
    mine = and_(QueueEntry.leased_by_id == holder.user_id, QueueEntry.leased_tab == holder.tab)
    if have:
        session.execute(update(QueueEntry).where(QueueEntry.image_id.in_(have), mine).values(leased_until=until))
    free = (
        select(QueueEntry.image_id)
        .where(
            QueueEntry.project_id == project_id,
            QueueEntry.pile == pile,
            QueueEntry.image_id.not_in(have),
            or_(_expired(), mine),
        )
        .order_by(QueueEntry.rank, QueueEntry.image_id)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    taken = session.execute(
        update(QueueEntry)
        .where(QueueEntry.image_id.in_(free.scalar_subquery()))
        .values(leased_by_id=holder.user_id, leased_tab=holder.tab, leased_until=until)
        .returning(QueueEntry.rank, QueueEntry.image_id)
        .execution_options(synchronize_session=False)
    )
    return [row.image_id for row in sorted(taken, key=lambda row: (row.rank, row.image_id))]


def hold(session: Session, image_id: int, holder: Holder, lease_s: float) -> None:
    """Lease one waiting image that `holder` has on screen already, unless another holds it."""
    session.execute(
        update(QueueEntry)
        .where(QueueEntry.image_id == image_id, _expired())
        .values(
            leased_by_id=holder.user_id,
            leased_tab=holder.tab,
            leased_until=now() + timedelta(seconds=lease_s),
        )
    )


def _expired() -> ColumnElement[bool]:
    return or_(QueueEntry.leased_until.is_(None), QueueEntry.leased_until < now())
