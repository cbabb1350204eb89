"""Reads about answers and about where a project stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.labeling.pace import seconds_each
from app.languages import gettext as _
from app.models import (
    TWIN,
    Annotation,
    AnnotationKind,
    AnnotationSource,
    Image,
    ImageState,
    Issue,
    IssueBatch,
    Labeler,
    Prediction,
    Project,
    QueueEntry,
    Round,
)

NEWEST_ROUND = (
    select(Round.id).where(Round.project_id == bindparam("project_id")).order_by(Round.number.desc()).limit(1)
)
"""Built once: it is asked with every answer."""


@dataclass(frozen=True)
class LoopCounts:
    """A project in numbers of images, and what people spent on it."""

    images: int
    new: int
    seed: int
    """Settled by a seed answer or by an imported label."""
    accepted: int
    twins: int
    """Of the accepted: they took their label from an answered near duplicate."""
    unclear: int
    settled: int
    """Settled by a person after the labelers had asked."""
    disputed: int
    """People said different things; an adjudicator decides."""
    set_aside: int
    answers: int
    answer_seconds: float

    @property
    def seconds_each(self) -> float:
        return seconds_each(self.answers, self.answer_seconds)


def loop_counts(session: Session, project_id: int) -> LoopCounts:
    rows = session.execute(
        select(Image.state, Image.label_source, func.count())
        .where(Image.project_id == project_id)
        .group_by(Image.state, Image.label_source)
    )
    by_state: dict[str, int] = {}
    seed = twins = 0
    for state, source, count in rows:
        twins += count if source == TWIN else 0
        by_state[state] = by_state.get(state, 0) + count
        if state == ImageState.SETTLED and source in {AnnotationSource.SEED, AnnotationSource.IMPORT}:
            seed += count
    answers, seconds = session.execute(
        select(func.count(), func.coalesce(func.sum(Annotation.seconds), 0.0)).where(
            Annotation.project_id == project_id,
            Annotation.kind != AnnotationKind.UNDO,
            Annotation.source != AnnotationSource.IMPORT,
        )
    ).one()
    return LoopCounts(
        images=sum(by_state.values()),
        new=by_state.get(ImageState.NEW, 0),
        seed=seed,
        accepted=by_state.get(ImageState.ACCEPTED, 0),
        twins=twins,
        unclear=by_state.get(ImageState.UNCLEAR, 0),
        settled=by_state.get(ImageState.SETTLED, 0) - seed,
        disputed=by_state.get(ImageState.DISPUTED, 0),
        set_aside=by_state.get(ImageState.SET_ASIDE, 0),
        answers=answers,
        answer_seconds=float(seconds),
    )


def find_newest_round_id(session: Session, project_id: int) -> int | None:
    return session.scalar(NEWEST_ROUND, {"project_id": project_id})


def opinions(session: Session, round_id: int | None, image_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return what each labeler of the round says of each image: `{"labeler", "class_id", "confidence"}`."""
    found: dict[int, list[dict[str, Any]]] = {}
    rows = session.execute(
        select(Prediction.image_id, Labeler.title, Prediction.class_id, Prediction.confidence)
        .join(Labeler, Labeler.id == Prediction.labeler_id)
        .where(Labeler.round_id == round_id, Prediction.image_id.in_(image_ids))
        .order_by(Labeler.position)
    )
    for image_id, title, class_id, confidence in rows:
        found.setdefault(image_id, []).append(
            {"labeler": title, "class_id": class_id, "confidence": round(confidence, 4)}
        )
    return found


def people_said(session: Session, image_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return what people said of each image, without their names: `{"labeler", "class_id"}`; None: can't tell."""
    newest: dict[int, dict[int, int | None]] = {}
    rows = session.execute(
        select(Annotation.image_id, Annotation.author_id, Annotation.class_id)
        .join(Image, Image.id == Annotation.image_id)
        .where(Image.id.in_(image_ids), Annotation.source != AnnotationSource.ADJUDICATION, is_opinion())
        .order_by(Annotation.id)
    )
    for image_id, author_id, class_id in rows:
        newest.setdefault(image_id, {})[author_id] = class_id
    return {
        image_id: [
            {"labeler": _("Person %(number)s") % {"number": i}, "class_id": said}
            for i, said in enumerate(of_people.values(), 1)
        ]
        for image_id, of_people in newest.items()
    }


def count_answered(session: Session, project_id: int, user_id: int, source: str) -> int:
    """Return how many images a person has answered so, as it stands."""
    mine = (Annotation.project_id == project_id, Annotation.author_id == user_id, Annotation.source == source)
    answered = select(func.count(Annotation.image_id.distinct())).where(*mine, not_taken_back())
    return session.scalar(answered) or 0


def not_taken_back() -> ColumnElement[bool]:
    """The condition that an annotation is an answer, and still stands."""
    later = aliased(Annotation)
    return and_(Annotation.kind != AnnotationKind.UNDO, ~exists().where(later.undoes_id == Annotation.id))


def is_opinion() -> ColumnElement[bool]:
    """The condition that an annotation is a person's word on its image, which the query holds too."""
    return and_(
        Annotation.image_id == Image.id,
        Annotation.source != AnnotationSource.REPEAT,
        Annotation.id > func.coalesce(Image.since_id, 0),
        not_taken_back(),
    )


def find_standing(session: Session, image_id: int, user_id: int | None = None) -> Annotation | None:
    """Return the newest answer to an image that stands; one given once more only if it is `user_id`'s own."""
    counts = or_(Annotation.source != AnnotationSource.REPEAT, Annotation.author_id == user_id)
    return session.scalar(
        select(Annotation)
        .where(Annotation.image_id == image_id, counts, not_taken_back())
        .order_by(Annotation.id.desc())
        .limit(1)
    )


def has_answered(session: Session, image_id: int, user_id: int) -> bool:
    mine = (Annotation.image_id == image_id, Annotation.author_id == user_id)
    return session.scalar(select(Annotation.id).where(*mine, not_taken_back()).limit(1)) is not None


def list_open_issues(session: Session, image_ids: Sequence[int]) -> set[int]:
    """Return those of these images that were sent to review as doubtful, and that nobody has answered since."""
    sent_at = dict(
        session.execute(
            select(Issue.image_id, func.max(IssueBatch.created_at))
            .join(IssueBatch, IssueBatch.id == Issue.batch_id)
            .where(Issue.image_id.in_(image_ids))
            .group_by(Issue.image_id)
        ).all()
    )
    if not sent_at:
        return set()
    answered_at = dict(
        session.execute(
            select(Annotation.image_id, func.max(Annotation.created_at))
            .where(
                Annotation.image_id.in_(list(sent_at)),
                Annotation.source == AnnotationSource.ISSUE,
                not_taken_back(),
            )
            .group_by(Annotation.image_id)
        ).all()
    )
    return {i for i, sent in sent_at.items() if i not in answered_at or answered_at[i] < sent}


def list_recent(
    session: Session,
    user_id: int,
    project_id: int,
    sources: Sequence[str],
    count: int,
    before_key: str | None = None,
) -> list[Annotation]:
    """Return a person's last answers that still stand, oldest first; with `before_key` those before that one."""
    query = select(Annotation).where(
        Annotation.author_id == user_id,
        Annotation.project_id == project_id,
        Annotation.source.in_(sources),
        not_taken_back(),
    )
    if before_key is not None:
        known = select(Annotation.id).where(
            Annotation.author_id == user_id, Annotation.idempotency_key == before_key
        )
        query = query.where(Annotation.id < known.scalar_subquery())
    return list(session.scalars(query.order_by(Annotation.id.desc()).limit(count)))[::-1]


def front_rank(session: Session, project_id: int) -> float:
    """Return a rank before all that wait in the project."""
    lowest = session.scalar(select(func.min(QueueEntry.rank)).where(QueueEntry.project_id == project_id))
    return (lowest or 0.0) - 1.0


@dataclass(frozen=True)
class Label:
    """An image's current label, for training."""

    class_id: int
    by_person: bool


def current_labels(session: Session, project_id: int, *, accepted: bool) -> dict[int, Label]:
    """Return image id → label of all that people settled, and if asked for of all that labelers agreed on."""
    rows = session.execute(
        select(Image.id, Image.class_id, Image.state).where(
            Image.project_id == project_id, _has_label(accepted=accepted)
        )
    )
    return {row.id: Label(row.class_id, row.state == ImageState.SETTLED) for row in rows}


def _has_label(*, accepted: bool) -> ColumnElement[bool]:
    states = [ImageState.SETTLED, *([ImageState.ACCEPTED] if accepted else [])]
    return and_(Image.state.in_(states), Image.class_id.is_not(None))


def list_drawn_by_lot(session: Session, project_id: int) -> set[int]:
    """Return the images whose answers speak for the whole pile: nobody chose them for what a model said.

    Those of an audit are not among them: they were drawn by lot, but only from what labelers had been sure of.
    """
    return _list_answered(session, project_id, AnnotationSource.SEED)


def list_audited(session: Session, project_id: int) -> set[int]:
    """Return the images that somebody checked of those drawn by lot from what labelers had been sure of."""
    return _list_answered(session, project_id, AnnotationSource.AUDIT)


def _list_answered(session: Session, project_id: int, source: AnnotationSource) -> set[int]:
    rows = select(Annotation.image_id).where(Annotation.project_id == project_id, Annotation.source == source)
    return set(session.scalars(rows))


def list_missing(session: Session, project: Project, fewest: int, *, accepted: bool) -> list[str]:
    """Return what each class lacks to `fewest` labelled images, e.g. `3 of closed`; empty when none lacks any."""
    counts = count_by_class(session, project.id, accepted=accepted)
    lacking = {c.name: fewest - counts.get(c.id, 0) for c in project.active_classes}
    return [_("%(number)s of %(name)s") % {"number": n, "name": name} for name, n in lacking.items() if n > 0]


def count_by_class(session: Session, project_id: int, *, accepted: bool) -> dict[int, int]:
    """Return class id → how many images carry that label now."""
    rows = session.execute(
        select(Image.class_id, func.count())
        .where(Image.project_id == project_id, _has_label(accepted=accepted))
        .group_by(Image.class_id)
    )
    return {class_id: count for class_id, count in rows if class_id is not None}
