"""By how much one model errs less than another on the same images, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.metrics.bootstrap import bootstrap_weights, interval
from ml.metrics.curves import Curves, equal_error_rate
from ml.metrics.decisions import REPORT_THRESHOLD, Labels, Scores, decide, ratio

STEPS = 1000
"""Of a replicate's ROC: evenly by rank, for there are models that give all images nearly one score."""
Rates = dict[str, Scores]
"""`error`, and for two classes `eer`: of the images as they are, then of every replicate."""
Difference = dict[str, float | None]


def redraw(
    labels: Labels,
    models: Sequence[Scores],
    groups: Sequence[str],
    positive: int,
    seed: int = 0,
    threshold: float = REPORT_THRESHOLD,
) -> list[Rates]:
    """Return how often each model errs, by bootstrap over whole groups.

    Every model is judged by the same draws: what all of them find hard is no difference between two.
    """
    judged = [_Judged(labels, scores, positive, threshold) for scores in models]
    drawn = [[each.exactly()] for each in judged]
    for weights in bootstrap_weights(groups, seed):
        for parts, each in zip(drawn, judged, strict=True):
            parts.append(each.weighted(weights))
    return [{name: np.concatenate([part[name] for part in parts]) for name in parts[0]} for parts in drawn]


def subtract(first: Rates, second: Rates) -> dict[str, Difference]:
    """Return by how much the first errs more than the second, each as `{"value", "low", "high"}`, 95 %."""
    apart = {name: first[name] - second[name] for name in first}
    return {name: interval(float(found[0]), [found[1:]]) for name, found in apart.items()}


@dataclass(frozen=True)
class _Judged:
    labels: Labels
    scores: Scores
    positive: int
    threshold: float

    def exactly(self) -> Rates:
        rates = {"error": np.array([np.mean(self._wrong)])}
        if self._two_classes:
            found, _threshold = equal_error_rate(self.labels == self.positive, self.scores[:, self.positive])
            rates["eer"] = np.array([found])
        return rates

    def weighted(self, weights: Scores) -> Rates:
        rates = {"error": ratio(weights @ self._wrong, weights.sum(1))}
        if self._two_classes:
            rates["eer"] = self._curves(weights).equal_errors()[0]
        return rates

    @property
    def _wrong(self) -> Scores:
        said = decide(self.scores, self.positive, self.threshold)
        return np.asarray(said != self.labels, np.float64)

    @property
    def _two_classes(self) -> bool:
        return bool(self.scores.shape[1] == 2)

    def _curves(self, weights: Scores) -> Curves:
        """Return the ROC through at most `STEPS` of the scores, one a row: a fifth of the work of all 4000."""
        values, step = np.unique(self.scores[:, self.positive], return_inverse=True)
        steps = min(len(values), STEPS)
        place = step * steps // len(values) + steps * (self.labels == self.positive)
        counts = np.stack([np.bincount(place, row, 2 * steps) for row in weights])
        sums = counts.reshape(len(weights), 2, steps)[:, :, ::-1].cumsum(2)
        false_positives, true_positives = np.pad(sums, ((0, 0), (0, 0), (1, 0))).swapaxes(0, 1)
        return Curves(false_positives, true_positives, np.arange(steps, -1.0, -1.0))
