"""Near duplicates that take their label from an answered one, where the project lets an answer stand for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.labeling.current import TWIN, Current
from app.models import NO_PILE, AnnotationSource, Image, ImageState, Pile, Project, QueueEntry
from app.parts import in_parts

LAST = 0.0
"""The rank of what a round is least eager to ask."""


def list_keys(session: Session, image_ids: Sequence[int]) -> dict[int, set[str]]:
    """Return project → the groups of near duplicates that these images are in, where answers stand for them."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = session.execute(
        select(Image.project_id, Image.twin_key)
        .join(Project, Project.id == Image.project_id)
        .where(Image.id.in_(image_ids), Image.twin_key.is_not(None), Project.settle_twins)
        .distinct()
    )
    for project_id, key in rows:
        if key:
            found[project_id].add(key)
    return found


def are_to_follow(session: Session, project_id: int) -> ColumnElement[bool]:
    """The condition that an image takes its label from its near duplicates, or did before the setting changed."""
    follows = session.get_one(Project, project_id).settle_twins
    labelled_so = Image.label_source == TWIN
    return labelled_so | Image.twin_key.is_not(None) if follows else labelled_so


def take_turn(session: Session, project_id: int) -> None:
    """Let those who derive near duplicates of one project at the same time do so one after the other.

    Two people may answer two images of one group at once; the later one must see what the earlier one said.
    """
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update(key_share=True))


def read_labels(session: Session, project_id: int, keys: Collection[str | None]) -> dict[str, int]:
    """Return group → the class that people settled its images as, where they all say the same.

    What an audit found stays with its image: the pile that an audit speaks of must not change by being checked.
    """
    follows = select(Project.id).where(Project.id == project_id, Project.settle_twins)
    if not keys or session.scalar(follows) is None:
        return {}
    said: dict[str, set[int]] = defaultdict(set)
    for part in in_parts(sorted(key for key in keys if key)):
        rows = session.execute(
            select(Image.twin_key, Image.class_id).where(
                Image.project_id == project_id,
                Image.twin_key.in_(part),
                Image.state == ImageState.SETTLED,
                Image.label_source != AnnotationSource.AUDIT,
            )
        )
        for key, class_id in rows:
            if key and class_id:
                said[key].add(class_id)
    return {key: classes.pop() for key, classes in said.items() if len(classes) == 1}


def wait_or_rest(session: Session, project_id: int, changed: Mapping[int, Current]) -> None:
    """Take what has a label now out of the review pile, at its place, and put back what has none any more."""
    resting = [image_id for image_id, now in changed.items() if now.source == TWIN]
    waiting = [image_id for image_id, now in changed.items() if now.state == ImageState.UNCLEAR]
    _move(session, resting, Pile.REVIEW, NO_PILE)
    _move(session, waiting, NO_PILE, Pile.REVIEW)
    known: set[int] = set()
    for part in in_parts(waiting):
        known |= set(session.scalars(select(QueueEntry.image_id).where(QueueEntry.image_id.in_(part))))
    session.add_all(
        QueueEntry(image_id=image_id, project_id=project_id, pile=Pile.REVIEW, rank=LAST)
        for image_id in waiting
        if image_id not in known
    )
    session.flush()


def _move(session: Session, image_ids: Sequence[int], source: str, target: str) -> None:
    for part in in_parts(image_ids):
        session.execute(
            update(QueueEntry)
            .where(QueueEntry.image_id.in_(part), QueueEntry.pile == source)
            .values(pile=target)
            .execution_options(synchronize_session=False)
        )
