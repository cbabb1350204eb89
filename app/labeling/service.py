"""Answers: taken once, kept for ever, taken back only by another row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.errors import BadInputError, ConflictError, NotFoundError
from app.labeling import queries
from app.labeling.settle import settle, settle_answered
from app.models import Annotation, AnnotationKind, AnnotationSource, Image, LabelClass, QueueEntry, User

LONGEST_ANSWER_S = 600.0
"""Longer, and the person was away: kept as this, so that effort figures stay honest."""
KEY_USED = "This answer's key was used for another answer before; nothing was changed."


@dataclass(frozen=True)
class Answer:
    """What a person says of an image. Two answers with the same key must be the same answer."""

    image_id: int
    kind: AnnotationKind
    class_id: int | None
    source: AnnotationSource
    seconds: float
    key: str
    flagged: bool = False


def submit_annotation(session: Session, *, user: User, project_id: int, answer: Answer) -> Annotation:
    """Add the answer and derive the image's state; a resend with the same key returns the same row.

    Raise ConflictError when the key was used for another answer, when the class is archived, or when somebody
    else has answered this image meanwhile: the message tells both values.
    """
    image = _lock_image(session, project_id, answer.image_id)
    sent_before = _find_by_key(session, user.id, answer.key)
    if sent_before is not None:
        _check_same(sent_before, answer)
        return sent_before
    chosen = _check_class(session, project_id, answer)
    _take_off_queue(session, user, image, chosen)
    newest = queries.find_newest_round_id(session, project_id)
    said = queries.opinions(session, newest, [image.id]) if newest else {}
    annotation = Annotation(
        project_id=project_id, image_id=image.id, author_id=user.id, kind=answer.kind, class_id=answer.class_id,
        source=answer.source, seconds=min(max(answer.seconds, 0.0), LONGEST_ANSWER_S), flagged=answer.flagged,
        round_id=newest, opinions=said.get(image.id, []), idempotency_key=answer.key,
    )  # fmt: skip
    session.add(annotation)
    image.flagged = image.flagged or answer.flagged
    settle_answered(image, annotation)
    return annotation


def _lock_image(session: Session, project_id: int, image_id: int) -> Image:
    """Let whoever answers the same image at the same time wait here, and then see the first one's answer."""
    image = session.scalar(
        select(Image).where(Image.id == image_id, Image.project_id == project_id).with_for_update()
    )
    if image is None:
        raise NotFoundError("There is no such image.")
    return image


def _find_by_key(session: Session, user_id: int, key: str) -> Annotation | None:
    return session.scalar(
        select(Annotation).where(Annotation.author_id == user_id, Annotation.idempotency_key == key)
    )


def _check_same(row: Annotation, answer: Answer) -> None:
    if (row.image_id, row.kind, row.class_id) != (answer.image_id, answer.kind, answer.class_id):
        raise ConflictError(KEY_USED)


def _check_class(session: Session, project_id: int, answer: Answer) -> LabelClass | None:
    if answer.kind != AnnotationKind.LABEL:
        if answer.class_id is not None:
            raise BadInputError("class_id: only a label names a class.")
        return None
    found = session.get(LabelClass, answer.class_id) if answer.class_id else None
    if found is None or found.project_id != project_id:
        raise BadInputError("class_id: this project has no such class.")
    if found.archived_at is not None:
        raise ConflictError(f"The class {found.name} was archived meanwhile; please choose another.")
    return found


def _take_off_queue(session: Session, user: User, image: Image, chosen: LabelClass | None) -> None:
    """Raise ConflictError when the image does not wait any more, because somebody else has answered it."""
    waited = session.scalar(
        delete(QueueEntry)
        .where(QueueEntry.image_id == image.id)
        .returning(QueueEntry.image_id)
        .execution_options(synchronize_session=False)
    )
    if waited is not None:
        return
    said = queries.find_standing(session, image.id)
    if said is None or said.author_id == user.id:
        return
    theirs = session.get(LabelClass, said.class_id) if said.class_id else None
    raise ConflictError(
        f"Somebody else has answered {image.name} meanwhile: {_word(theirs)}; you said {_word(chosen)}. "
        "Theirs stands."
    )


def _word(chosen: LabelClass | None) -> str:
    return chosen.name if chosen else "can’t tell"


def undo(session: Session, *, user: User, project_id: int, undoes_key: str, key: str) -> Annotation:
    """Take back one's own answer, by its key, with a row of its own; the image waits in front again.

    Done twice it is done once. Raise NotFoundError for a key that this person never used here, and ConflictError
    when `key` was used for something else.
    """
    taken_back = _find_by_key(session, user.id, undoes_key)
    if taken_back is None or taken_back.project_id != project_id or taken_back.kind == AnnotationKind.UNDO:
        raise NotFoundError("There is no such answer to take back.")
    _lock_image(session, project_id, taken_back.image_id)
    sent_before = _find_by_key(session, user.id, key)
    if sent_before is not None and sent_before.undoes_id != taken_back.id:
        raise ConflictError(KEY_USED)
    if session.scalar(select(Annotation.id).where(Annotation.undoes_id == taken_back.id)) is None:
        session.add(
            Annotation(
                project_id=project_id, image_id=taken_back.image_id, author_id=user.id, kind=AnnotationKind.UNDO,
                undoes_id=taken_back.id, source=taken_back.source, seconds=0.0, idempotency_key=key,
            )
        )  # fmt: skip
        settle(session, [taken_back.image_id])
        if queries.find_standing(session, taken_back.image_id) is None:
            _to_the_front(session, taken_back)
    return taken_back


def _to_the_front(session: Session, taken_back: Annotation) -> None:
    if session.get(QueueEntry, taken_back.image_id) is None:
        pile = "seed" if taken_back.source == AnnotationSource.SEED else "review"
        session.add(
            QueueEntry(
                image_id=taken_back.image_id, project_id=taken_back.project_id, pile=pile,
                rank=queries.front_rank(session, taken_back.project_id),
            )
        )  # fmt: skip


def add_imported(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add many annotations at once, without queue and conflict rules: the caller has checked them all.

    Each row: project_id, image_id, author_id, class_id, source, idempotency_key.
    """
    if not rows:
        return
    blank = {"kind": AnnotationKind.LABEL, "seconds": 0.0, "flagged": False, "opinions": []}
    session.add_all([Annotation(**{**blank, **row}) for row in rows])
    ids = [row["image_id"] for row in rows]
    for start in range(0, len(ids), 5_000):
        session.execute(delete(QueueEntry).where(QueueEntry.image_id.in_(ids[start : start + 5_000])))
    settle(session, ids)
