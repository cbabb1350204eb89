"""A bake-off's numbers at a threshold: arrays in, figures out. Knows no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.metrics import confusion_matrix, decide


def error_of(figures: Mapping[str, Any]) -> float | None:
    """Return by what models are ranked: their EER, or for more than two classes their share of wrong ones.

    `figures`: a model's, as a bake-off stores them. None: it has neither.
    """
    eer, accuracy = (figures.get(name, {}).get("value") for name in ("eer", "accuracy"))
    if eer is not None:
        return float(eer)
    return None if accuracy is None else 1 - float(accuracy)


def badness(figures: Mapping[str, Any]) -> float:
    """Return that error as something to sort by: who has none comes last."""
    error = error_of(figures)
    return 1.0 if error is None else error


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

    def find(self, classifier_id: int) -> Contender | None:
        return next((c for c in self.contenders if c.id == classifier_id), None)

    def said(self, contender: Contender, threshold: float) -> NDArray[np.int64]:
        """Return the class each test image is put into: by threshold for two classes, else the most probable."""
        return decide(contender.scores, self.positive, threshold)

    def matrix(self, contender: Contender, threshold: float) -> NDArray[np.int64]:
        """Return `[K, K]`: rows are the labels, columns what the contender says."""
        return confusion_matrix(self.labels, self.said(contender, threshold), len(self.classes))
