"""Reads of the annotator's screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.images.queries import image_url
from app.labeling import queries as labeling
from app.models import AnnotationSource, Image, ImageState, Pile, Project, QueueEntry
from app.review import audit_queries
from app.review.leases import waits_for
from app.words import labeler_word

STRIP = 20
"""How many of the last answers stay in sight."""
MOST_COUNTED = 5_000
SOURCES = {
    Pile.SEED: [AnnotationSource.SEED, AnnotationSource.REPEAT],
    Pile.REVIEW: [AnnotationSource.REVIEW, AnnotationSource.ISSUE, AnnotationSource.REPEAT],
    Pile.AUDIT: [AnnotationSource.AUDIT],
    Pile.DISPUTED: [AnnotationSource.ADJUDICATION],
}
"""What answers to a pile are, the first unless the server knows better."""


def items(session: Session, project_id: int, image_ids: Sequence[int], pile: Pile) -> list[dict[str, Any]]:
    """Return what the screen needs of these images, in the given order.

    In an audit not what the labelers say; where people differ, what each of them said.
    """
    rows = {image.id: image for image in session.scalars(select(Image).where(Image.id.in_(image_ids)))}
    newest = labeling.find_newest_round_id(session, project_id)
    said = {} if pile == Pile.AUDIT else labeling.opinions(session, newest, image_ids)
    answers = labeling.people_said(session, image_ids) if pile == Pile.DISPUTED else {}
    return [
        {
            "id": i,
            "url": image_url(project_id, i, rows[i].sha256),
            "name": rows[i].name,
            "width": rows[i].width,
            "height": rows[i].height,
            "opinions": [*answers.get(i, []), *(_in_words(one) for one in said.get(i, []))],
        }
        for i in image_ids
        if i in rows
    ]


def _in_words(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "labeler": labeler_word(said["labeler"])}


def count_waiting(session: Session, project_id: int, pile: Pile, user_id: int) -> int:
    """Return how many images wait for this person, at most `MOST_COUNTED`: counting a million would hold up."""
    some = select(QueueEntry.image_id).where(
        QueueEntry.project_id == project_id, QueueEntry.pile == pile, waits_for(user_id)
    )
    return session.scalar(select(func.count()).select_from(some.limit(MOST_COUNTED).subquery())) or 0


def waits_for_others(session: Session, project_id: int, pile: Pile, user_id: int) -> bool:
    """Whether images wait in the pile, and none of them for this person."""
    waiting = (
        select(QueueEntry.image_id).where(QueueEntry.project_id == project_id, QueueEntry.pile == pile).limit(1)
    )
    here = session.scalar(waiting.where(waits_for(user_id)))
    return here is None and session.scalar(waiting) is not None


def count_done(session: Session, project: Project, pile: Pile, user_id: int, counts: labeling.LoopCounts) -> int:
    """Return how many images of the pile people have answered; of the audit only those of the newest.

    Where an image waits for several people: how many this person has.
    """
    if pile == Pile.AUDIT:
        newest = audit_queries.find_newest(session, project.id)
        return audit_queries.statement_of(session, newest).answered if newest else 0
    if project.overlap > 1 or pile == Pile.DISPUTED:
        return labeling.count_answered(session, project.id, user_id, SOURCES[pile][0])
    return counts.seed if pile == Pile.SEED else counts.settled


def is_set_aside_alone(session: Session, image_id: int) -> bool:
    """Whether one person's can't tell set the image aside, since nobody else could be asked."""
    image, said = session.get_one(Image, image_id), labeling.people_said(session, [image_id])
    return image.state == ImageState.SET_ASIDE and len(said.get(image_id, [])) == 1


def recent_answers(
    session: Session, project_id: int, user_id: int, pile: Pile, before_key: str | None = None
) -> list[dict[str, Any]]:
    """Return a person's last answers of the pile, oldest first, with what it takes to show and change them."""
    rows = labeling.list_recent(session, user_id, project_id, SOURCES[pile], STRIP, before_key)
    ids = list({row.image_id for row in rows})
    shown = {item["id"]: item for item in items(session, project_id, ids, pile)}
    return [
        {"key": row.idempotency_key, "kind": row.kind, "classId": row.class_id, "item": shown[row.image_id]}
        for row in rows
    ]
