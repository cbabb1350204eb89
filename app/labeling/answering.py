"""How answers are taken: one or a whole page by the same rules, with as many statements for a page as for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, or_, select
from sqlalchemy.orm import Session

from app.errors import AppError, BadInputError, ConflictError, NotFoundError
from app.labeling import queries
from app.labeling.settle import settle, settle_answered, settle_twins
from app.labeling.waiting import Place, wait_for
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
BY_KEYS = select(Annotation).where(
    Annotation.author_id == bindparam("author_id"),
    Annotation.idempotency_key.in_(bindparam("keys", expanding=True)),
)
LOCKED = (
    select(Image)
    .where(Image.id.in_(bindparam("image_ids", expanding=True)), Image.project_id == bindparam("project_id"))
    .order_by(Image.id)
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


@dataclass(frozen=True)
class Waited:
    """How an image waited when its answer came: in which pile, where, and for whom alone."""

    pile: str
    rank: float
    for_id: int | None
    others_only: bool

    @property
    def place(self) -> Place | None:
        return Place(self.pile, self.rank) if self.pile != NO_PILE else None


@dataclass
class Taken:
    """An answer that passed all checks, on its way to a row."""

    answer: Answer
    image: Image
    chosen: LabelClass | None
    source: AnnotationSource
    place: Place | None

    @property
    def stands_alone(self) -> bool:
        """Whether it is the one label that is wanted of its image: nothing else need be read."""
        among_others = {AnnotationSource.REPEAT, AnnotationSource.ADJUDICATION}
        return self.image.wanted == 1 and self.chosen is not None and self.source not in among_others


def submit_annotations(
    session: Session, *, user: User, project_id: int, answers: Sequence[Answer]
) -> list[Annotation | AppError]:
    """Add the answers, each to another image, and derive the images' states.

    Return each one's row, or why it was not taken: the others are taken all the same. A resend with the same key
    returns the same row. Refused is an answer whose key was used for another one, whose class is archived, or
    whose image waits for nobody any more since others have answered it meanwhile: the sentence tells both values.
    """
    images = lock_images(session, project_id, [answer.image_id for answer in answers])
    before = find_by_keys(session, user.id, [answer.key for answer in answers])
    outcomes: dict[str, Annotation | AppError] = {}
    fresh: list[tuple[Answer, Image, LabelClass | None]] = []
    for answer in answers:
        try:
            image = _get(images, answer.image_id)
            if (row := before.get(answer.key)) is not None:
                outcomes[answer.key] = _same(row, answer)
            else:
                fresh.append((answer, image, _check_class(session, project_id, answer)))
        except AppError as refusal:
            outcomes[answer.key] = refusal
    taken = []
    waited = _take_off_queue(session, user, [image.id for _answer, image, _chosen in fresh])
    for answer, image, chosen in fresh:
        was = waited.get(image.id)
        try:
            source = _source_of(session, user, image, answer, chosen, was)
            taken.append(Taken(answer, image, chosen, source, was.place if was else None))
        except AppError as refusal:
            outcomes[answer.key] = refusal
            _put_back(session, image, was)
    rows = _add(session, user, taken)
    outcomes |= {row.idempotency_key: row for row in rows}
    _settle(session, taken, rows)
    return [outcomes[answer.key] for answer in answers]


def lock_images(session: Session, project_id: int, image_ids: Sequence[int]) -> dict[int, Image]:
    """Let whoever answers the same images at the same time wait here, and then see the first one's answers."""
    images = session.scalars(LOCKED, {"image_ids": list(image_ids), "project_id": project_id})
    return {image.id: image for image in images}


def find_by_keys(session: Session, user_id: int, keys: Sequence[str]) -> dict[str, Annotation]:
    rows = session.scalars(BY_KEYS, {"author_id": user_id, "keys": list(keys)})
    return {row.idempotency_key: row for row in rows}


def _get(images: Mapping[int, Image], image_id: int) -> Image:
    if image_id not in images:
        raise NotFoundError(_("There is no such image."))
    return images[image_id]


def _same(row: Annotation, answer: Answer) -> Annotation:
    if (row.image_id, row.kind, row.class_id) != (answer.image_id, answer.kind, answer.class_id):
        raise ConflictError(KEY_USED)
    return row


def _check_class(session: Session, project_id: int, answer: Answer) -> LabelClass | None:
    if answer.kind != AnnotationKind.LABEL:
        if answer.class_id is not None:
            raise BadInputError(_("class_id: only a label names a class."))
        return None
    found = session.get(LabelClass, answer.class_id) if answer.class_id else None
    if found is None or found.project_id != project_id:
        raise BadInputError(_("class_id: this project has no such class."))
    if found.archived_at is not None:
        sentence = _("The class %(name)s was archived meanwhile; please choose another.")
        raise ConflictError(sentence % {"name": found.name})
    return found


def _take_off_queue(session: Session, user: User, image_ids: Sequence[int]) -> dict[int, Waited]:
    """Let these images wait no more, but for those that wait for somebody else alone; return how they waited."""
    if not image_ids:
        return {}
    rows = session.execute(
        delete(QueueEntry)
        .where(
            QueueEntry.image_id.in_(image_ids),
            or_(QueueEntry.for_id.is_(None), QueueEntry.for_id == user.id),
        )
        .returning(
            QueueEntry.image_id, QueueEntry.pile, QueueEntry.rank, QueueEntry.for_id, QueueEntry.others_only
        )
        .execution_options(synchronize_session=False)
    )
    return {row.image_id: Waited(row.pile, row.rank, row.for_id, row.others_only) for row in rows}


def _put_back(session: Session, image: Image, was: Waited | None) -> None:
    """An answer that is refused takes nothing off the queue."""
    if was is not None:
        session.add(QueueEntry(image_id=image.id, project_id=image.project_id, **vars(was)))


def _source_of(
    session: Session, user: User, image: Image, answer: Answer, chosen: LabelClass | None, was: Waited | None
) -> AnnotationSource:
    """Return what kind of answer this is, by how its image waited.

    Raise ConflictError when the image does not wait for this person any more.
    """
    if was is None or (was.pile == Pile.DISPUTED and answer.source != AnnotationSource.ADJUDICATION):
        return _may_change(session, user, image, answer, chosen)
    return AnnotationSource.REPEAT if was.for_id else answer.source


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


def _add(session: Session, user: User, taken: Sequence[Taken]) -> list[Annotation]:
    """Add a row each, with what the labelers said at that moment."""
    if not taken:
        return []
    project_id = taken[0].image.project_id
    _answer_issues(session, taken)
    newest = queries.find_newest_round_id(session, project_id)
    said = queries.opinions(session, newest, [one.image.id for one in taken]) if newest else {}
    rows = [
        Annotation(
            project_id=project_id, image_id=one.image.id, author_id=user.id, kind=one.answer.kind,
            class_id=one.answer.class_id, source=one.source,
            seconds=min(max(one.answer.seconds, 0.0), LONGEST_ANSWER_S), flagged=one.answer.flagged,
            round_id=newest, opinions=said.get(one.image.id, []), idempotency_key=one.answer.key,
        )
        for one in taken
    ]  # fmt: skip
    session.add_all(rows)
    return rows


def _answer_issues(session: Session, taken: Iterable[Taken]) -> None:
    """An answer in review to a label that was sent there as doubtful counts as one to that issue."""
    reviewed = [one for one in taken if one.source == AnnotationSource.REVIEW]
    asked = queries.list_open_issues(session, [one.image.id for one in reviewed]) if reviewed else set()
    for one in reviewed:
        if one.image.id in asked:
            one.source = AnnotationSource.ISSUE


def _settle(session: Session, taken: Sequence[Taken], rows: Sequence[Annotation]) -> None:
    """Derive what the images are now, and whom they wait for."""
    twins: list[int] = []
    read: list[Taken] = []
    for one, row in zip(taken, rows, strict=True):
        one.image.flagged = one.image.flagged or one.answer.flagged
        if one.source == AnnotationSource.AUDIT:
            one.image.wanted = 1  # a bound is about one person's word
        if one.stands_alone:
            settle_answered(one.image, row)
            twins += [one.image.id] if one.image.twin_key is not None else []
        elif one.source != AnnotationSource.REPEAT:
            read.append(one)
    if twins:
        session.flush()
        settle_twins(session, twins)
    if read:
        session.flush()
        found = settle(session, [one.image.id for one in read])
        places = {one.image.id: one.place for one in read if one.place}
        wait_for(session, read[0].image.project_id, found, places)
