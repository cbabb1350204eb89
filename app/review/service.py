"""What waits for a person: filling the piles, serving from them, sending images back."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from app.labeling import queries as labeling
from app.labeling.queries import is_opinion
from app.labeling.settle import forget_proposals
from app.models import (
    NO_PILE,
    Annotation,
    AnnotationSource,
    Image,
    ImageState,
    Pile,
    Project,
    QueueEntry,
    now,
)
from app.parts import in_parts
from app.review.overlap import apply_overlap
from app.review.second_opinions import Bought, Judged, ask_second_opinions, read_bought

__all__ = [
    "Bought",
    "Judged",
    "apply_overlap",
    "ask_second_opinions",
    "fill_review",
    "fill_seed",
    "read_bought",
    "send_all_to_review",
    "send_to_review",
]


def fill_seed(session: Session, project_id: int) -> int:
    """Let every new image that does not wait yet wait for a seed answer, in random order; return how many.

    Random, because the seed must look like the pile: its held-out part judges the labelers.
    """
    fresh = session.scalars(
        select(Image.id)
        .outerjoin(QueueEntry, QueueEntry.image_id == Image.id)
        .where(Image.project_id == project_id, Image.state == ImageState.NEW, QueueEntry.image_id.is_(None))
    ).all()
    _add(session, project_id, Pile.SEED, {i: random.Random(f"seed {i}").random() for i in fresh}, {})
    project = session.get_one(Project, project_id)
    if project.overlap > 1:
        apply_overlap(session, project)
    return len(fresh)


def fill_review(session: Session, project_id: int, ranks: Mapping[int, float]) -> None:
    """Replace the review pile by these images, smallest rank first.

    Images on screen keep their lease, even those that wait no more. Call it when the states are derived. The seed
    pile keeps only images that no labeler has scored, images that a person settled and another doubts stay in the
    review pile, and a sample that is being audited stays whole.
    """
    session.flush()
    by_labelers = select(Image.id).where(
        Image.project_id == project_id, Image.state.in_([ImageState.UNCLEAR, ImageState.ACCEPTED])
    )
    leases = {
        entry.image_id: {
            "leased_by_id": entry.leased_by_id, "leased_tab": entry.leased_tab, "leased_until": entry.leased_until
        }
        for entry in session.scalars(
            select(QueueEntry).where(
                QueueEntry.image_id.in_(by_labelers),
                QueueEntry.pile != Pile.AUDIT,
                QueueEntry.leased_until >= now(),
            )
        )
    }  # fmt: skip
    session.execute(
        delete(QueueEntry)
        .where(
            QueueEntry.project_id == project_id,
            QueueEntry.image_id.in_(by_labelers),
            QueueEntry.pile != Pile.AUDIT,
        )
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    drawn = select(QueueEntry.image_id).where(QueueEntry.project_id == project_id, QueueEntry.pile == Pile.AUDIT)
    audited = set(session.scalars(drawn))
    _add(session, project_id, Pile.REVIEW, {i: r for i, r in ranks.items() if i not in audited}, leases)
    _add(session, project_id, NO_PILE, {i: 0.0 for i in leases if i not in ranks}, leases)
    _keep_from_who_answered(session, project_id)


def _add(
    session: Session,
    project_id: int,
    pile: str,
    ranks: Mapping[int, float],
    leases: Mapping[int, dict[str, Any]],
) -> None:
    free = {"leased_by_id": None, "leased_tab": None, "leased_until": None}
    rows = [
        {"image_id": i, "project_id": project_id, "pile": str(pile), "rank": rank, **leases.get(i, free)}
        for i, rank in ranks.items()
    ]
    for part in in_parts(rows):
        session.execute(insert(QueueEntry), part)


def _keep_from_who_answered(session: Session, project_id: int) -> None:
    """An unclear image that somebody has answered waits for another person."""
    begun = select(Image.id).where(
        Image.project_id == project_id,
        Image.state == ImageState.UNCLEAR,
        exists(Annotation.id).where(is_opinion()),
    )
    session.execute(
        update(QueueEntry)
        .where(QueueEntry.project_id == project_id, QueueEntry.image_id.in_(begun))
        .values(others_only=True)
        .execution_options(synchronize_session=False)
    )


def send_all_to_review(session: Session, project_id: int, image_ids: Sequence[int]) -> None:
    """Put images that are in doubt in front of the review pile, in this order, each as `send_to_review` does."""
    adjudicated = set(session.scalars(select(Image.id).where(Image.id.in_(image_ids), _is_adjudicated())))
    forget_proposals(session, image_ids)
    first = labeling.front_rank(session, project_id) - len(image_ids)
    session.execute(
        delete(QueueEntry).where(QueueEntry.image_id.in_(image_ids)).execution_options(synchronize_session=False)
    )
    ranks = {i: first + place for place, i in enumerate(image_ids)}
    _add(session, project_id, Pile.REVIEW, {i: r for i, r in ranks.items() if i not in adjudicated}, {})
    _add(session, project_id, Pile.DISPUTED, {i: r for i, r in ranks.items() if i in adjudicated}, {})
    _keep_from_who_answered(session, project_id)


def _is_adjudicated() -> ColumnElement[bool]:
    return or_(Image.label_source == AnnotationSource.ADJUDICATION, Image.state == ImageState.DISPUTED)


def send_to_review(session: Session, image: Image) -> None:
    """Put an image that a person doubts in front of the review pile, or of the disputed one after an adjudicator.

    A person's label stands until the next answer; one that only labelers agreed on is gone at once.
    """
    forget_proposals(session, [image.id])
    rank = labeling.front_rank(session, image.project_id)
    entry = session.get(QueueEntry, image.id)
    if entry is None:
        entry = QueueEntry(image_id=image.id, project_id=image.project_id)
        session.add(entry)
    adjudicated = image.label_source == AnnotationSource.ADJUDICATION or image.state == ImageState.DISPUTED
    entry.pile, entry.rank, entry.for_id = Pile.DISPUTED if adjudicated else Pile.REVIEW, rank, None
