"""Reads about answers and about where a project stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.models import (
    Annotation,
    AnnotationKind,
    AnnotationSource,
    Image,
    ImageState,
    Labeler,
    Prediction,
    QueueEntry,
    Round,
)


@dataclass(frozen=True)
class LoopCounts:
    """A project in numbers of images, and what people spent on it."""

    images: int
    new: int
    seed: int
    """Settled by a seed answer or by an imported label."""
    accepted: int
    unclear: int
    settled: int
    """Settled by a person after the labelers had asked."""
    set_aside: int
    answers: int
    answer_seconds: float


def loop_counts(session: Session, project_id: int) -> LoopCounts:
    rows = session.execute(
        select(Image.state, Image.label_source, func.count())
        .where(Image.project_id == project_id)
        .group_by(Image.state, Image.label_source)
    )
    by_state: dict[str, int] = {}
    seed = 0
    for state, source, count in rows:
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
        unclear=by_state.get(ImageState.UNCLEAR, 0),
        settled=by_state.get(ImageState.SETTLED, 0) - seed,
        set_aside=by_state.get(ImageState.SET_ASIDE, 0),
        answers=answers,
        answer_seconds=float(seconds),
    )


def find_newest_round_id(session: Session, project_id: int) -> int | None:
    return session.scalar(
        select(Round.id).where(Round.project_id == project_id).order_by(Round.number.desc()).limit(1)
    )


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


def not_taken_back() -> ColumnElement[bool]:
    """The condition that an annotation is an answer, and still stands."""
    later = aliased(Annotation)
    return and_(Annotation.kind != AnnotationKind.UNDO, ~exists().where(later.undoes_id == Annotation.id))


def find_standing(session: Session, image_id: int) -> Annotation | None:
    """Return the answer in force for an image."""
    return session.scalar(
        select(Annotation)
        .where(Annotation.image_id == image_id, not_taken_back())
        .order_by(Annotation.id.desc())
        .limit(1)
    )


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
    states = [ImageState.SETTLED, *([ImageState.ACCEPTED] if accepted else [])]
    rows = session.execute(
        select(Image.id, Image.class_id, Image.state).where(
            Image.project_id == project_id, Image.state.in_(states), Image.class_id.is_not(None)
        )
    )
    return {row.id: Label(row.class_id, row.state == ImageState.SETTLED) for row in rows}


def list_drawn_by_lot(session: Session, project_id: int) -> set[int]:
    """Return the images whose answers speak for the whole pile: nobody chose them for what a model said."""
    rows = select(Annotation.image_id).where(
        Annotation.project_id == project_id,
        Annotation.source.in_([AnnotationSource.SEED, AnnotationSource.AUDIT]),
    )
    return set(session.scalars(rows))


def count_by_class(session: Session, project_id: int, *, accepted: bool) -> dict[int, int]:
    """Return class id → how many images carry that label now."""
    counts: dict[int, int] = {}
    for label in current_labels(session, project_id, accepted=accepted).values():
        counts[label.class_id] = counts.get(label.class_id, 0) + 1
    return counts
