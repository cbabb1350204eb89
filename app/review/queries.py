"""Reads of the annotator's screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.images.queries import image_url
from app.labeling import queries as labeling
from app.models import AnnotationSource, Image, Pile, QueueEntry
from app.review import audit_queries

STRIP = 20
"""How many of the last answers stay in sight."""
MOST_COUNTED = 20_000
SOURCES = {
    Pile.SEED: [AnnotationSource.SEED],
    Pile.REVIEW: [AnnotationSource.REVIEW, AnnotationSource.ISSUE],
    Pile.AUDIT: [AnnotationSource.AUDIT],
}


def items(
    session: Session, project_id: int, image_ids: Sequence[int], *, blind: bool = False
) -> list[dict[str, Any]]:
    """Return what the screen needs of these images, in the given order; `blind`: not what the labelers say."""
    rows = {image.id: image for image in session.scalars(select(Image).where(Image.id.in_(image_ids)))}
    newest = labeling.find_newest_round_id(session, project_id)
    said = {} if blind else labeling.opinions(session, newest, image_ids)
    return [
        {
            "id": i,
            "url": image_url(project_id, i, rows[i].sha256),
            "name": rows[i].name,
            "width": rows[i].width,
            "height": rows[i].height,
            "opinions": said.get(i, []),
        }
        for i in image_ids
    ]


def count_done(session: Session, project_id: int, pile: Pile, counts: labeling.LoopCounts) -> int:
    """Return how many images of the pile people have answered; of the audit only those of the newest."""
    if pile == Pile.SEED:
        return counts.seed
    if pile == Pile.REVIEW:
        return counts.settled
    newest = audit_queries.find_newest(session, project_id)
    return audit_queries.statement_of(session, newest).answered if newest else 0


def count_waiting(session: Session, project_id: int, pile: Pile) -> int:
    """Return how many images wait, at most `MOST_COUNTED`: counting a million would hold every claim up."""
    some = select(QueueEntry.image_id).where(QueueEntry.project_id == project_id, QueueEntry.pile == pile)
    return session.scalar(select(func.count()).select_from(some.limit(MOST_COUNTED).subquery())) or 0


def recent_answers(
    session: Session, project_id: int, user_id: int, pile: Pile, before_key: str | None = None
) -> list[dict[str, Any]]:
    """Return a person's last answers of the pile, oldest first, with what it takes to show and change them."""
    rows = labeling.list_recent(session, user_id, project_id, SOURCES[pile], STRIP, before_key)
    ids = list({row.image_id for row in rows})
    shown = {item["id"]: item for item in items(session, project_id, ids, blind=pile == Pile.AUDIT)}
    return [
        {"key": row.idempotency_key, "kind": row.kind, "classId": row.class_id, "item": shown[row.image_id]}
        for row in rows
    ]
