"""A bake-off's numbers at a threshold: arrays in, figures out. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.metrics import confusion_at, confusion_matrix, per_class

BINS = 40


@dataclass(frozen=True)
class Contender:
    """One classifier and its probabilities on the test part."""

    id: int
    name: str
    title: str
    parameters: int
    seconds: float
    weights: str
    folder: str
    metrics: dict[str, Any]
    scores: NDArray[np.float32]
    """`[M, K]`"""


@dataclass(frozen=True)
class Standing:
    """A contender's row in the table."""

    contender: Contender
    precision: float
    recall: float
    f1: float
    accuracy: float

    def figure(self, name: str) -> dict[str, float | None] | None:
        """Return a stored figure with its interval, e.g. `eer`; None where it could not be computed."""
        found: dict[str, float | None] = self.contender.metrics.get("figures", {}).get(name, {})
        return found if found.get("value") is not None else None

    def sort_key(self, column: str) -> float:
        if column in {"precision", "recall", "f1", "accuracy"}:
            return -float(getattr(self, column))
        if column in {"eer", "auc"}:
            value = (self.figure(column) or {"value": None})["value"]
            worst = float("inf")
            return worst if value is None else (value if column == "eer" else -value)
        values = {"parameters": self.contender.parameters, "seconds": self.contender.seconds}
        return float(values.get(column, self.contender.metrics.get("bytes", 0)))


@dataclass(frozen=True)
class Board:
    """All contenders over one test part."""

    classes: list[str]
    positive: int
    image_ids: NDArray[np.int64]
    labels: NDArray[np.int16]
    contenders: list[Contender] = field(default_factory=list)

    @property
    def two_classes(self) -> bool:
        return len(self.classes) == 2

    def contender(self, classifier_id: int | None) -> Contender | None:
        found = (c for c in self.contenders if c.id == classifier_id)
        return next(found, self.contenders[0] if self.contenders else None)

    def said(self, contender: Contender, threshold: float) -> NDArray[np.int64]:
        """Return the class each test image is put into: by threshold for two classes, else the most probable."""
        if not self.two_classes:
            most: NDArray[np.int64] = contender.scores.argmax(1)
            return most
        is_positive = contender.scores[:, self.positive] >= np.float32(threshold)
        return np.where(is_positive, self.positive, 1 - self.positive)

    def matrix(self, contender: Contender, threshold: float) -> NDArray[np.int64]:
        """Return `[K, K]`: rows are the labels, columns what the contender says."""
        return confusion_matrix(self.labels, self.said(contender, threshold), len(self.classes))

    def standing(self, contender: Contender, threshold: float) -> Standing:
        if self.two_classes:
            found = confusion_at(self.labels == self.positive, contender.scores[:, self.positive], threshold)
            return Standing(contender, found.precision, found.recall, found.f1, found.accuracy)
        matrix = self.matrix(contender, threshold)
        rows = [row for row in per_class(matrix) if row["support"]]
        mean = {name: float(np.mean([row[name] for row in rows])) for name in ("precision", "recall", "f1")}
        return Standing(contender, **mean, accuracy=float(np.trace(matrix) / max(matrix.sum(), 1)))

    def standings(self, threshold: float, column: str) -> list[Standing]:
        rows = [self.standing(contender, threshold) for contender in self.contenders]
        return sorted(rows, key=lambda row: row.sort_key(column))

    def cell(
        self, contender: Contender, threshold: float, label: int | None, said: int | None
    ) -> NDArray[np.int64]:
        """Return the test rows of a cell of the matrix, the surest answers first; None means any."""
        decided = self.said(contender, threshold)
        chosen = np.ones(len(self.labels), bool)
        if label is not None:
            chosen &= self.labels == label
        if said is not None:
            chosen &= decided == said
        rows = np.flatnonzero(chosen)
        surety = contender.scores[rows, decided[rows]]
        return rows[np.argsort(-surety, kind="stable")]

    def histogram(self, contender: Contender) -> list[NDArray[np.int64]]:
        """Return for each class how many of its images got which score, in BINS steps from 0 to 1."""
        scores = contender.scores[:, self.positive]
        return [
            np.histogram(scores[self.labels == c], bins=BINS, range=(0, 1))[0] for c in range(len(self.classes))
        ]
