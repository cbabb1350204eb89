"""Writes each image's current state, after annotations or a round changed: the only place that does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Select, and_, exists, null, or_, select, update
from sqlalchemy.orm import Session

from app.labeling.current import Said, current, in_force
from app.models import Annotation, Image, Labeler, Prediction, Round

Row = TypeVar("Row")
AT_ONCE = 5_000
"""Rows an UPDATE by id takes at a time: below what the databases allow as parameters."""


def settle(session: Session, image_ids: Sequence[int]) -> None:
    """Derive state, class and source of these images anew."""
    for part in _parts(list(image_ids)):
        _settle(session, select(Image).where(Image.id.in_(part)))


def settle_answered(image: Image, answer: Annotation) -> None:
    """Derive them after `answer`: newer than all others, it is in force, so the database need not be asked."""
    said = Said(0, answer.kind, answer.class_id, answer.source)
    now = current(said, scored=False, proposed_class_id=None)
    image.state, image.class_id, image.label_source = now.state, now.class_id, now.source


def settle_project(session: Session, project_id: int) -> None:
    """Derive them for every image of the project, after a round."""
    session.flush()
    _settle_unanswered(session, project_id)
    answered = select(Annotation.image_id).where(Annotation.project_id == project_id)
    _settle(session, select(Image).where(Image.id.in_(answered)))


def _settle_unanswered(session: Session, project_id: int) -> None:
    """Where nobody has said anything the rule has three outcomes: a statement each, however many images."""
    newest = select(Round.id).where(Round.project_id == project_id).order_by(Round.number.desc()).limit(1)
    labelers = select(Labeler.id).where(Labeler.round_id == newest.scalar_subquery())
    scored = exists().where(Prediction.image_id == Image.id, Prediction.labeler_id.in_(labelers))
    proposed = Image.proposed_class_id.is_not(None)
    outcomes = (
        (~scored, current(None, scored=False, proposed_class_id=None), null()),
        (and_(scored, ~proposed), current(None, scored=True, proposed_class_id=None), null()),
        (and_(scored, proposed), current(None, scored=True, proposed_class_id=0), Image.proposed_class_id),
    )
    for condition, now, class_id in outcomes:
        differs = or_(
            Image.state != now.state,
            Image.class_id.is_distinct_from(class_id),
            Image.label_source.is_distinct_from(now.source),
        )
        session.execute(
            update(Image)
            .where(
                Image.project_id == project_id,
                ~exists().where(Annotation.image_id == Image.id),
                condition,
                differs,
            )
            .values(state=now.state, class_id=class_id, label_source=now.source)
            .execution_options(synchronize_session=False)
        )


def _settle(session: Session, images: Select[Image]) -> None:
    session.flush()
    ids = images.with_only_columns(Image.id)
    said: dict[int, list[Said]] = defaultdict(list)
    for row in session.scalars(select(Annotation).where(Annotation.image_id.in_(ids))):
        said[row.image_id].append(Said(row.id, row.kind, row.class_id, row.source, row.undoes_id))
    scored = set(session.scalars(_scored(ids)))
    facts = (Image.id, Image.state, Image.class_id, Image.label_source, Image.proposed_class_id)
    changes = []
    for image_id, *before, proposed in session.execute(images.with_only_columns(*facts)):
        now = current(in_force(said[image_id]), scored=image_id in scored, proposed_class_id=proposed)
        if [now.state, now.class_id, now.source] != before:
            changes.append(
                {"id": image_id, "state": now.state, "class_id": now.class_id, "label_source": now.source}
            )
    for part in _parts(changes):
        session.execute(update(Image), part)
    session.expire_all()


def _scored(image_ids: Select[int]) -> Select[int]:
    """The images among these that a labeler of their project's newest round has looked at."""
    newest = (
        select(Round.id).where(Round.project_id == Image.project_id).order_by(Round.number.desc()).limit(1)
    ).scalar_subquery()
    return (
        select(Prediction.image_id)
        .join(Image, Image.id == Prediction.image_id)
        .join(Labeler, Labeler.id == Prediction.labeler_id)
        .where(Labeler.round_id == newest, Prediction.image_id.in_(image_ids))
        .distinct()
    )


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


def forget_proposals(session: Session, image_ids: Iterable[int]) -> None:
    """Let a person's doubt stand against what the newest round accepted."""
    ids = list(image_ids)
    session.execute(update(Image).where(Image.id.in_(ids)).values(proposed_class_id=None))
    settle(session, ids)
