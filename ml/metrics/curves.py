"""What the order of the scores tells, whatever the threshold: ROC, equal error rate, average precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.metrics.decisions import Scores, ratio


@dataclass(frozen=True)
class Curves:
    """ROC curves, one a row of weights; the first point lets nobody through."""

    false_positives: Scores
    """Cumulated weights `[R, T + 1]` of the negatives at or above each threshold."""
    true_positives: Scores
    thresholds: Scores
    """`[T + 1]`, falling; the first lies above every score."""

    @classmethod
    def of(cls, positive: NDArray[np.bool_], scores: Scores, weights: Scores) -> Curves:
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order].astype(np.float64)
        ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
        right = positive[order]
        sums = [
            np.pad(np.cumsum(weights[:, order] * kind, axis=1)[:, ends], ((0, 0), (1, 0)))
            for kind in (~right, right)
        ]
        first = max(1.0, float(ordered[0]))
        return cls(sums[0], sums[1], np.concatenate([[first], ordered[ends]]))

    def equal_errors(self) -> tuple[Scores, Scores]:
        """Return rates and thresholds, one a row; nan where a row has weight in one class only."""
        negatives, positives = self.false_positives[:, -1:], self.true_positives[:, -1:]
        with np.errstate(invalid="ignore", divide="ignore"):
            false_rate = self.false_positives / negatives
            gap = (1 - self.true_positives / positives) - false_rate
        after = np.argmax(gap <= 0, axis=1)
        before = np.maximum(after - 1, 0)
        rows = np.arange(len(gap))
        fall = gap[rows, before] - gap[rows, after]
        part = ratio(gap[rows, before], fall)
        rate = false_rate[rows, before] + part * (false_rate[rows, after] - false_rate[rows, before])
        thresholds = self.thresholds
        threshold = thresholds[before] + part * (thresholds[after] - thresholds[before])
        known = (negatives * positives)[:, 0] > 0
        return np.where(known, rate, np.nan), np.where(known, threshold, np.nan)

    def areas(self) -> Scores:
        """Return the areas under the ROC, one a row; nan where a row has weight in one class only."""
        right, wrong = self.true_positives, self.false_positives
        area = ((right[:, 1:] + right[:, :-1]) / 2 * np.diff(wrong, axis=1)).sum(1)
        whole = right[:, -1] * wrong[:, -1]
        return np.where(whole > 0, ratio(area, whole), np.nan)

    def average_precisions(self) -> Scores:
        """Return the precision at every step of recall, weighted by the step; nan without positives."""
        right = self.true_positives
        precision = ratio(right, right + self.false_positives)
        steps = (np.diff(right, axis=1) * precision[:, 1:]).sum(1)
        return np.where(right[:, -1] > 0, ratio(steps, right[:, -1]), np.nan)


def equal_error_rate(positive: NDArray[np.bool_], scores: Scores) -> tuple[float, float]:
    """Return (rate, threshold) where as many positives are missed as negatives are let through.

    From the scores, by straight lines between the points of the ROC. (nan, nan) without both classes.
    """
    if positive.all() or not positive.any():
        return float("nan"), float("nan")
    rate, threshold = Curves.of(positive, scores, np.ones((1, len(scores)))).equal_errors()
    return float(rate[0]), float(threshold[0])
