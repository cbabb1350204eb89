"""The classifier that a project has in use: it answers programs, and is exported unless another is named."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Bakeoff, ChosenModel, Classifier


@dataclass(frozen=True)
class InUse:
    classifier_id: int
    model: str
    title: str
    bakeoff: int
    """Its number in the project."""
    threshold: float
    """A score from here on says positive; for two classes."""


def find_threshold(session: Session, classifier_id: int) -> float | None:
    """Return the threshold with which a classifier of two classes is in use; None: it is not."""
    row = session.execute(
        select(ChosenModel.threshold, Bakeoff.class_ids)
        .join(Classifier, Classifier.id == ChosenModel.classifier_id)
        .join(Bakeoff, Bakeoff.id == Classifier.bakeoff_id)
        .where(Classifier.id == classifier_id)
    ).one_or_none()
    return row.threshold if row and len(row.class_ids) == 2 else None


def find_in_use(session: Session, project_id: int) -> InUse | None:
    """Return what somebody has chosen; None where nobody has yet."""
    row = session.execute(
        select(ChosenModel.threshold, Classifier.id, Classifier.name, Classifier.title, Bakeoff.number)
        .join(Classifier, Classifier.id == ChosenModel.classifier_id)
        .join(Bakeoff, Bakeoff.id == Classifier.bakeoff_id)
        .where(ChosenModel.project_id == project_id)
    ).one_or_none()
    return InUse(row.id, row.name, row.title, row.number, row.threshold) if row else None
