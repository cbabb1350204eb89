"""Answers: taken once, kept for ever, taken back only by another row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.errors import AppError, ConflictError, NotFoundError
from app.labeling.answering import (
    KEY_USED,
    LONGEST_ANSWER_S,
    Answer,
    find_by_keys,
    lock_images,
    submit_annotations,
)
from app.labeling.settle import settle
from app.labeling.waiting import ask_once_more, wait_for
from app.languages import gettext as _
from app.models import Annotation, AnnotationKind, AnnotationSource, ImageState, Pile, QueueEntry, User
from app.parts import in_parts

__all__ = [
    "LONGEST_ANSWER_S",
    "Answer",
    "add_imported",
    "submit_annotation",
    "submit_annotations",
    "take_back_upload",
    "undo",
]


def submit_annotation(session: Session, *, user: User, project_id: int, answer: Answer) -> Annotation:
    """Add one answer, as `submit_annotations` does; raise its refusal."""
    [taken] = submit_annotations(session, user=user, project_id=project_id, answers=[answer])
    if isinstance(taken, AppError):
        raise taken
    return taken


def undo(session: Session, *, user: User, project_id: int, undoes_key: str, key: str) -> Annotation:
    """Take back one's own answer, by its key, with a row of its own; the image waits in front again.

    Done twice it is done once. Raise NotFoundError for a key that this person never used here, and ConflictError
    when `key` was used for something else.
    """
    taken_back = find_by_keys(session, user.id, [undoes_key]).get(undoes_key)
    if taken_back is None or taken_back.project_id != project_id or taken_back.kind == AnnotationKind.UNDO:
        raise NotFoundError(_("There is no such answer to take back."))
    lock_images(session, project_id, [taken_back.image_id])
    sent_before = find_by_keys(session, user.id, [key]).get(key)
    if sent_before is not None and sent_before.undoes_id != taken_back.id:
        raise ConflictError(KEY_USED)
    if session.scalar(select(Annotation.id).where(Annotation.undoes_id == taken_back.id)) is None:
        session.add(
            Annotation(
                project_id=project_id, image_id=taken_back.image_id, author_id=user.id, kind=AnnotationKind.UNDO,
                undoes_id=taken_back.id, source=taken_back.source, seconds=0.0, idempotency_key=key,
            )
        )  # fmt: skip
        session.flush()
        _wait_again(session, taken_back)
    return taken_back


def _wait_again(session: Session, taken_back: Annotation) -> None:
    if taken_back.source == AnnotationSource.REPEAT:
        ask_once_more(session, taken_back, Pile.REVIEW if taken_back.round_id else Pile.SEED)
        return
    wait_for(session, taken_back.project_id, settle(session, [taken_back.image_id]))


def add_imported(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add many annotations at once, without queue and conflict rules: the caller has checked them all.

    Each row: project_id, image_id, author_id, class_id, source, idempotency_key.
    """
    if not rows:
        return
    blank = {"kind": AnnotationKind.LABEL, "seconds": 0.0, "flagged": False, "opinions": []}
    session.add_all([Annotation(**{**blank, **row}) for row in rows])
    found = settle(session, [row["image_id"] for row in rows])
    ids = [image_id for image_id, now in found.items() if now.asks is None]
    for part in in_parts(ids):
        session.execute(delete(QueueEntry).where(QueueEntry.image_id.in_(part)))
    wait_for(session, rows[0]["project_id"], {image_id: now for image_id, now in found.items() if now.asks})


def take_back_upload(session: Session, *, user: User, project_id: int, upload: str) -> int:
    """Take back all answers of one file of labels, with a row each, and return how many.

    What people had said before stands again; an image of which nobody has said anything waits again. Raise
    NotFoundError for a file that is not known here, or was taken back already.
    """
    undone = select(Annotation.undoes_id).where(Annotation.undoes_id.is_not(None))
    answers = session.scalars(
        select(Annotation).where(
            Annotation.project_id == project_id,
            Annotation.kind == AnnotationKind.LABEL,
            Annotation.idempotency_key.startswith(f"{upload}-", autoescape=True),
            Annotation.id.not_in(undone),
        )
    ).all()
    if not answers:
        raise NotFoundError(_("There is no such file of labels, or it was taken back already."))
    session.add_all(
        Annotation(
            project_id=project_id, image_id=answer.image_id, author_id=user.id, kind=AnnotationKind.UNDO,
            undoes_id=answer.id, source=answer.source, seconds=0.0,
            idempotency_key=f"undo-{upload}-{answer.image_id}",
        )
        for answer in answers
    )  # fmt: skip
    found = settle(session, [answer.image_id for answer in answers])
    again = {ImageState.NEW, ImageState.UNCLEAR, ImageState.DISPUTED}
    wait_for(session, project_id, {image_id: now for image_id, now in found.items() if now.state in again})
    return len(answers)
