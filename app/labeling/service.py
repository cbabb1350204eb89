"""Answers: taken once, kept for ever, taken back only by another row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, or_, select
from sqlalchemy.orm import Session

from app.errors import BadInputError, ConflictError, NotFoundError
from app.labeling import queries
from app.labeling.settle import settle, settle_answered, settle_twins
from app.labeling.waiting import Place, ask_once_more, wait_for
from app.languages import gettext as _
from app.models import (
    NO_PILE,
    Annotation,
    AnnotationKind,
    AnnotationSource,
    Image,
    ImageState,
    LabelClass,
    Pile,
    QueueEntry,
    User,
)

LONGEST_ANSWER_S = 600.0
"""Longer, and the person was away: kept as this, so that effort figures stay honest."""
# Built once: they are asked with every answer.
BY_KEY = select(Annotation).where(
    Annotation.author_id == bindparam("author_id"), Annotation.idempotency_key == bindparam("key")
)
LOCKED = (
    select(Image)
    .where(Image.id == bindparam("image_id"), Image.project_id == bindparam("project_id"))
    .with_for_update()
)
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

    Raise ConflictError when the key was used for another answer, when the class is archived, or when the image
    waits for nobody any more, since others have answered it meanwhile: the message tells both values.
    """
    image = _lock_image(session, project_id, answer.image_id)
    sent_before = _find_by_key(session, user.id, answer.key)
    if sent_before is not None:
        _check_same(sent_before, answer)
        return sent_before
    chosen = _check_class(session, project_id, answer)
    place, source = _take_off_queue(session, user, image, answer, chosen)
    source = _source_of(session, image, source)
    newest = queries.find_newest_round_id(session, project_id)
    said = queries.opinions(session, newest, [image.id]) if newest else {}
    annotation = Annotation(
        project_id=project_id, image_id=image.id, author_id=user.id, kind=answer.kind, class_id=answer.class_id,
        source=source, seconds=min(max(answer.seconds, 0.0), LONGEST_ANSWER_S), flagged=answer.flagged,
        round_id=newest, opinions=said.get(image.id, []), idempotency_key=answer.key,
    )  # fmt: skip
    session.add(annotation)
    image.flagged = image.flagged or answer.flagged
    if source == AnnotationSource.REPEAT:
        return annotation
    if source == AnnotationSource.AUDIT:
        image.wanted = 1  # a bound is about one person's word
    if image.wanted == 1 and chosen and source != AnnotationSource.ADJUDICATION:
        settle_answered(image, annotation)
        if image.twin_key is not None:
            session.flush()
            settle_twins(session, [image.id])
    else:
        session.flush()
        wait_for(session, image, settle(session, [image.id])[image.id], place)
    return annotation


def _lock_image(session: Session, project_id: int, image_id: int) -> Image:
    """Let whoever answers the same image at the same time wait here, and then see the first one's answer."""
    image = session.scalar(LOCKED, {"image_id": image_id, "project_id": project_id})
    if image is None:
        raise NotFoundError("There is no such image.")
    return image


def _find_by_key(session: Session, user_id: int, key: str) -> Annotation | None:
    return session.scalar(BY_KEY, {"author_id": user_id, "key": key})


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
        sentence = _("The class %(name)s was archived meanwhile; please choose another.")
        raise ConflictError(sentence % {"name": found.name})
    return found


def _source_of(session: Session, image: Image, source: AnnotationSource) -> AnnotationSource:
    """An answer in review to a label that was sent there as doubtful counts as one to that issue."""
    if source == AnnotationSource.REVIEW and queries.has_open_issue(session, image.id):
        return AnnotationSource.ISSUE
    return source


def _take_off_queue(
    session: Session, user: User, image: Image, answer: Answer, chosen: LabelClass | None
) -> tuple[Place | None, AnnotationSource]:
    """Return where the image waited, if it did, and what kind of answer this is therefore.

    Raise ConflictError when the image does not wait for this person any more.
    """
    waited = session.execute(
        delete(QueueEntry)
        .where(QueueEntry.image_id == image.id, or_(QueueEntry.for_id.is_(None), QueueEntry.for_id == user.id))
        .returning(QueueEntry.pile, QueueEntry.rank, QueueEntry.for_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if waited is None:
        return None, _may_change(session, user, image, answer, chosen)
    if waited.pile == Pile.DISPUTED and answer.source != AnnotationSource.ADJUDICATION:
        return _place(waited), _may_change(session, user, image, answer, chosen)
    return _place(waited), AnnotationSource.REPEAT if waited.for_id else answer.source


def _place(waited: Row[str, float, int | None]) -> Place | None:
    return Place(waited.pile, waited.rank) if waited.pile != NO_PILE else None


def _may_change(
    session: Session, user: User, image: Image, answer: Answer, chosen: LabelClass | None
) -> AnnotationSource:
    """One may change one's own word; what stands by others' words is told in a ConflictError.

    A correction is given by somebody who sees what stands.
    """
    if answer.source == AnnotationSource.ISSUE:
        return answer.source
    said = queries.find_standing(session, image.id, user.id)
    if said is None:
        return answer.source
    if said.author_id == user.id:
        return AnnotationSource.REPEAT if said.source == AnnotationSource.REPEAT else answer.source
    one_of_many = image.wanted > 1 and said.source != AnnotationSource.ADJUDICATION
    if one_of_many and queries.has_answered(session, image.id, user.id):
        return answer.source
    if image.state == ImageState.DISPUTED:
        sentence = _("People said different things of %(name)s meanwhile: an adjudicator decides.")
        raise ConflictError(sentence % {"name": image.name})
    class_id = said.class_id if image.wanted == 1 else image.class_id
    theirs = session.get(LabelClass, class_id) if class_id else None
    sentence = _("Somebody else has answered %(name)s meanwhile: %(theirs)s; you said %(yours)s. Theirs stands.")
    raise ConflictError(sentence % {"name": image.name, "theirs": _word(theirs), "yours": _word(chosen)})


def _word(chosen: LabelClass | None) -> str:
    return chosen.name if chosen else _("can’t tell")


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
        session.flush()
        _wait_again(session, taken_back)
    return taken_back


def _wait_again(session: Session, taken_back: Annotation) -> None:
    if taken_back.source == AnnotationSource.REPEAT:
        ask_once_more(session, taken_back, Pile.REVIEW if taken_back.round_id else Pile.SEED)
        return
    now = settle(session, [taken_back.image_id])[taken_back.image_id]
    wait_for(session, session.get_one(Image, taken_back.image_id), now)


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
    for start in range(0, len(ids), 5_000):
        session.execute(delete(QueueEntry).where(QueueEntry.image_id.in_(ids[start : start + 5_000])))
    for image_id, now in found.items():
        if now.asks:
            wait_for(session, session.get_one(Image, image_id), now)


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
        raise NotFoundError("There is no such file of labels, or it was taken back already.")
    session.add_all(
        Annotation(
            project_id=project_id, image_id=answer.image_id, author_id=user.id, kind=AnnotationKind.UNDO,
            undoes_id=answer.id, source=answer.source, seconds=0.0,
            idempotency_key=f"undo-{upload}-{answer.image_id}",
        )
        for answer in answers
    )  # fmt: skip
    for image_id, now in settle(session, [answer.image_id for answer in answers]).items():
        if now.state in {ImageState.NEW, ImageState.UNCLEAR, ImageState.DISPUTED}:
            wait_for(session, session.get_one(Image, image_id), now)
    return len(answers)
