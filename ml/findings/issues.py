"""Labels that are probably wrong, by confident learning over predictions for images the models had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.metrics.decisions import Labels, Scores

MOST_LISTED = 2000
FEWEST_LISTED = 200
"""Below the suspects the list goes on with the next worst labels, for whoever wants to look further."""


@dataclass(frozen=True)
class Doubt:
    """A label that the models doubt; `row` counts the scored images."""

    row: int
    suggested: int
    """The class that the models see instead."""
    quality: float
    """0..1: how far the models believe the label."""
    suspect: bool
    """Whether confident learning counts it as an error; the rest only comes next in the ranking."""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "quality": round(self.quality, 5)}


def find_doubts(labels: Labels, probabilities: Sequence[Scores]) -> list[Doubt]:
    """Return the least believable labels, worst first, by all models together (cleanlab)."""
    classes = np.unique(labels)
    if len(classes) < 2:
        return []
    from cleanlab.filter import find_label_issues  # noqa: PLC0415  brings pandas and scikit-learn
    from cleanlab.rank import get_label_quality_ensemble_scores, get_label_quality_scores  # noqa: PLC0415

    given = np.searchsorted(classes, labels)
    each = [_of_classes(part, classes) for part in probabilities]
    mean = np.mean(each, axis=0)
    errors = find_label_issues(given, mean, n_jobs=1)
    quality = (
        get_label_quality_ensemble_scores(given, each, verbose=False)
        if len(each) > 1
        else get_label_quality_scores(given, mean)
    )
    # A label that the models agree with is never in doubt, whatever the counts say.
    other = classes[_strongest_other(mean, given)]
    errors &= mean.argmax(1) != given
    order = np.lexsort((quality, ~errors))
    listed = order[: min(MOST_LISTED, max(int(errors.sum()), FEWEST_LISTED))]
    return [Doubt(int(row), int(other[row]), float(quality[row]), bool(errors[row])) for row in listed]


def _of_classes(probabilities: Scores, classes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Keep the classes that any image is labelled as: cleanlab knows no others."""
    kept = np.maximum(probabilities[:, classes].astype(np.float64), 1e-12)
    shares: NDArray[np.float64] = kept / kept.sum(1, keepdims=True)
    return shares


def _strongest_other(mean: NDArray[np.float64], given: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    others = mean.copy()
    others[np.arange(len(given)), given] = -1
    return np.asarray(others.argmax(1), np.int64)
