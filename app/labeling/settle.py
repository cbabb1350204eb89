"""Writes each image's current state, after annotations or a round changed: the only place that does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Select, select, update
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
    _settle(session, select(Image).where(Image.project_id == project_id))


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
