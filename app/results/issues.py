"""Doubtful labels sent to review, and how many of them were wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import ConflictError
from app.labeling.queries import not_taken_back
from app.languages import gettext as _
from app.models import (
    NO_PILE,
    Annotation,
    AnnotationKind,
    AnnotationSource,
    Bakeoff,
    Image,
    Issue,
    IssueBatch,
    Project,
    QueueEntry,
)
from app.results.queries import doubted_rows, read_findings, read_labels
from app.review.service import send_all_to_review

MOST = 2000
ANSWERS = (AnnotationSource.ISSUE, AnnotationSource.REVIEW, AnnotationSource.ADJUDICATION)
"""What counts as an answer to a doubt; those from a file are said to be from review."""


@dataclass(frozen=True)
class Batch:
    """What became of doubtful labels that were sent together."""

    sent_at: datetime
    sent: int
    answered: int
    wrong: int
    """Of the answered: people say another class than the label was."""
    cant_tell: int


def send(session: Session, project: Project, bakeoff: Bakeoff, user_id: int | None, count: int) -> IssueBatch:
    """Put the `count` most doubtful labels in front of the review queue, worst first.

    Those that wait already, or whose label is another by now, are passed over. Raise ConflictError when none is
    left.
    """
    chosen = _still_doubtful(session, bakeoff, count)
    if not chosen:
        raise ConflictError(_("No doubtful label of this bake-off is left that does not wait already."))
    batch = IssueBatch(project_id=project.id, bakeoff_id=bakeoff.id, created_by_id=user_id)
    session.add(batch)
    session.flush()
    session.add_all(Issue(batch_id=batch.id, image_id=i, class_id=class_id) for i, class_id in chosen.items())
    send_all_to_review(session, project.id, list(chosen))
    return batch


def _still_doubtful(session: Session, bakeoff: Bakeoff, count: int) -> dict[int, int]:
    """Return image id → class id of its doubtful label."""
    doubted = _doubted(session, bakeoff)
    now = _labels_now(session, doubted)
    piled = select(QueueEntry.image_id).where(QueueEntry.image_id.in_(doubted), QueueEntry.pile != NO_PILE)
    waiting = set(session.scalars(piled))
    left = [i for i, class_id in doubted.items() if now.get(i) == class_id and i not in waiting]
    return {i: doubted[i] for i in left[:count]}


def _doubted(session: Session, bakeoff: Bakeoff) -> dict[int, int]:
    """Return image id → class id of every doubtful label, worst first, as it judged."""
    ids, labels = read_labels(session, bakeoff)
    doubts = doubted_rows(read_findings(session, bakeoff))
    return {int(ids[row]): int(bakeoff.class_ids[int(labels[row])]) for row in doubts}


def _labels_now(session: Session, image_ids: Collection[int]) -> dict[int, int | None]:
    rows = session.execute(select(Image.id, Image.class_id).where(Image.id.in_(image_ids)))
    return {row.id: row.class_id for row in rows}


def list_batches(session: Session, project_id: int) -> list[Batch]:
    """Return the project's batches, newest first."""
    rows = session.execute(
        select(IssueBatch.id, IssueBatch.created_at, Issue.image_id, Issue.class_id)
        .join(Issue, Issue.batch_id == IssueBatch.id)
        .where(IssueBatch.project_id == project_id)
        .order_by(IssueBatch.id.desc())
    ).all()
    said = session.execute(
        select(Annotation.image_id, Annotation.kind, Annotation.class_id, Annotation.created_at)
        .where(
            Annotation.project_id == project_id,
            Annotation.source.in_(ANSWERS),
            not_taken_back(),
        )
        .order_by(Annotation.id)
    ).all()
    answers = defaultdict(list)
    for answer in said:
        answers[answer.image_id].append(answer)
    batches: dict[int, list[tuple[datetime, int, str | None, int | None]]] = defaultdict(list)
    for row in rows:
        given = next((a for a in answers[row.image_id] if a.created_at >= row.created_at), None)
        kind, class_id = (given.kind, given.class_id) if given else (None, None)
        batches[row.id].append((row.created_at, row.class_id, kind, class_id))
    return [_batch(answered) for answered in batches.values()]


def count_mended(session: Session, bakeoff: Bakeoff) -> int:
    """Return how many of the doubtful labels that judged the bake-off are others by now."""
    doubted = _doubted(session, bakeoff)
    now = _labels_now(session, doubted)
    return sum(now.get(i) not in {None, class_id} for i, class_id in doubted.items())


def _batch(rows: list[tuple[datetime, int, str | None, int | None]]) -> Batch:
    labelled = [(label, said) for _at, label, kind, said in rows if kind == AnnotationKind.LABEL]
    return Batch(
        sent_at=rows[0][0],
        sent=len(rows),
        answered=sum(kind is not None for _at, _label, kind, _said in rows),
        wrong=sum(label != said for label, said in labelled),
        cant_tell=sum(kind == AnnotationKind.CANT_TELL for _at, _label, kind, _said in rows),
    )
