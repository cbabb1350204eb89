"""How good a classifier is, from labels and scores.

Metrics are named, and wherever it has them computed, as in scikit-learn; what a live page needs at every move of
a slider is numpy alone.

"Positive" is the project's positive class; a score is its probability, and `score >= threshold` says positive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]
Scores = NDArray[np.floating[Any]]
REPORT_THRESHOLD = 0.6
"""The founding report's; shown first, chosen by nothing."""
REPLICATES = 300


@dataclass(frozen=True)
class Confusion:
    """Counts of a two-class decision."""

    true_negative: int
    false_positive: int
    false_negative: int
    true_positive: int

    @property
    def precision(self) -> float:
        """0 when nothing was called positive, as scikit-learn has it."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        wrong = self.false_positive + self.false_negative
        return _share(2 * self.true_positive, 2 * self.true_positive + wrong)

    @property
    def accuracy(self) -> float:
        right = self.true_positive + self.true_negative
        return _share(right, right + self.false_positive + self.false_negative)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def confusion_at(positive: NDArray[np.bool_], scores: Scores, threshold: float) -> Confusion:
    """Count the decision `score >= threshold` against the labels. Cheap: 100,000 images in well under 1 ms."""
    said = scores >= np.float32(threshold)
    true_positive = int(np.count_nonzero(said & positive))
    false_positive = int(np.count_nonzero(said)) - true_positive
    false_negative = int(np.count_nonzero(positive)) - true_positive
    rest = len(positive) - true_positive - false_positive - false_negative
    return Confusion(rest, false_positive, false_negative, true_positive)


def confusion_matrix(labels: Labels, decided: Labels, classes: int) -> NDArray[np.int64]:
    """Return `[K, K]`: rows are the labels, columns what was decided."""
    flat = labels.astype(np.int64) * classes + decided
    return np.bincount(flat, minlength=classes * classes).reshape(classes, classes)


def per_class(matrix: NDArray[np.int64]) -> list[dict[str, float]]:
    """Return precision, recall, f1 and support of every class, from a confusion matrix."""
    rows = []
    for index in range(len(matrix)):
        right, support = int(matrix[index, index]), int(matrix[index].sum())
        precision, recall = _share(right, int(matrix[:, index].sum())), _share(right, support)
        rows.append(
            {
                "precision": precision,
                "recall": recall,
                "support": support,
                "f1": _share(2 * precision * recall, precision + recall),
            }
        )
    return rows


def equal_error_rate(
    positive: NDArray[np.bool_], scores: Scores, weights: Scores | None = None
) -> tuple[float, float]:
    """Return (rate, threshold) where as many positives are missed as negatives are let through.

    From the scores, by straight lines between the points of the ROC. (nan, nan) without both classes.
    """
    from sklearn.metrics import roc_curve  # noqa: PLC0415  slow to import, and heavy in a web process

    if positive.all() or not positive.any():
        return float("nan"), float("nan")
    false_rate, true_rate, thresholds = roc_curve(
        positive, scores, sample_weight=weights, drop_intermediate=False
    )
    thresholds[0] = min(thresholds[0], 1.0)
    gap = (1 - true_rate) - false_rate
    after = int(np.argmax(gap <= 0))
    before = max(after - 1, 0)
    fall = gap[before] - gap[after]
    part = float(gap[before] / fall) if fall > 0 else 0.0
    rate = false_rate[before] + part * (false_rate[after] - false_rate[before])
    threshold = thresholds[before] + part * (thresholds[after] - thresholds[before])
    return float(rate), float(threshold)


def summarise(
    labels: Labels, probabilities: Scores, groups: Sequence[str], positive: int, seed: int = 0
) -> dict[str, Any]:
    """Return all figures of a classifier on held-out images, each as `{"value", "low", "high"}`.

    Intervals: 95 %, percentile bootstrap over whole groups, since images of one group are no independent
    witnesses. Two classes: precision, recall, f1, accuracy at the report's threshold, EER and its threshold, ROC
    AUC. More: macro precision, recall, f1 and accuracy of the most probable class, one-against-rest AUC.
    """
    two = probabilities.shape[1] == 2
    figures = _two_class(labels == positive, probabilities[:, positive]) if two else _many(labels, probabilities)
    weights = _bootstrap_weights(groups, seed)
    found = {name: _interval(figure, weights) for name, figure in figures.items()}
    if two:
        found["eer_threshold"] = {"value": equal_error_rate(labels == positive, probabilities[:, positive])[1]}
    return {"images": len(labels), "groups": len(set(groups)), "figures": found}


Figure = Callable[[Scores | None], float]


def _two_class(positive: NDArray[np.bool_], scores: Scores) -> dict[str, Figure]:
    from sklearn import metrics  # noqa: PLC0415

    said = scores >= np.float32(REPORT_THRESHOLD)
    return {
        "precision": lambda w: metrics.precision_score(positive, said, sample_weight=w, zero_division=0),
        "recall": lambda w: metrics.recall_score(positive, said, sample_weight=w, zero_division=0),
        "f1": lambda w: metrics.f1_score(positive, said, sample_weight=w, zero_division=0),
        "accuracy": lambda w: metrics.accuracy_score(positive, said, sample_weight=w),
        "eer": lambda w: equal_error_rate(positive, scores, w)[0],
        "auc": lambda w: _auc(positive, scores, w),
    }


def _many(labels: Labels, probabilities: Scores) -> dict[str, Figure]:
    from sklearn import metrics  # noqa: PLC0415

    said = probabilities.argmax(1)

    def macro(name: str) -> Figure:
        function = getattr(metrics, f"{name}_score")
        return lambda w: function(labels, said, average="macro", sample_weight=w, zero_division=0)

    def auc(weights: Scores | None) -> float:
        present = np.unique(labels)
        return float(np.nanmean([_auc(labels == c, probabilities[:, c], weights) for c in present]))

    accuracy: Figure = lambda w: metrics.accuracy_score(labels, said, sample_weight=w)  # noqa: E731
    return {name: macro(name) for name in ("precision", "recall", "f1")} | {"accuracy": accuracy, "auc": auc}


def _auc(positive: NDArray[np.bool_], scores: Scores, weights: Scores | None) -> float:
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415

    if weights is not None:
        positive, scores, weights = positive[weights > 0], scores[weights > 0], weights[weights > 0]
    if positive.all() or not positive.any():
        return float("nan")
    return float(roc_auc_score(positive, scores, sample_weight=weights))


def _bootstrap_weights(groups: Sequence[str], seed: int) -> Scores:
    """Return `[replicates, images]`: how often each image's group was drawn."""
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    count = int(index.max()) + 1 if len(index) else 0
    random = np.random.default_rng(seed)
    replicates = REPLICATES if len(groups) <= 20_000 else REPLICATES // 5
    drawn = random.multinomial(count, np.full(count, 1 / max(count, 1)), size=replicates)
    weights: Scores = drawn[:, index].astype(np.float64)
    return weights


def _interval(figure: Figure, weights: Scores) -> dict[str, float | None]:
    """A figure that cannot be computed, for want of a class, is None: JSON knows no nan."""
    value = float(figure(None))
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    replicates = np.array([figure(row) for row in weights])
    low, high = np.nanpercentile(replicates, [2.5, 97.5])
    return {"value": value, "low": float(low), "high": float(high)}
