"""All figures of a classifier on held-out images, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.metrics.bootstrap import bootstrap_weights, fewest_witnesses, interval
from ml.metrics.curves import Curves
from ml.metrics.decisions import REPORT_THRESHOLD, Decisions, Labels, Scores, decide, mean_of_known
from ml.metrics.trust import brier, calibration_error, calibration_gaps

Figures = dict[str, Scores]
"""Each figure once for every row of weights: `[R]`, or `[K, R]` where every class has its own."""


def summarise(
    labels: Labels,
    probabilities: Scores,
    groups: Sequence[str],
    positive: int,
    seed: int = 0,
    threshold: float = REPORT_THRESHOLD,
) -> dict[str, Any]:
    """Return all figures, each as `{"value", "low", "high"}`; a figure that cannot be computed is None.

    Intervals: 95 %, by bootstrap over whole groups: its percentiles, but for the calibration error. Two classes:
    precision, recall, f1 and the other decisions at the threshold, EER and its threshold, ROC AUC and average
    precision of the positive class. More: decisions by the most probable class; precision, recall, f1, AUC and
    average precision are means over the classes (macro), each class against the rest. `per_class` has them class
    by class.
    """
    judged = _Judged(labels, probabilities, positive, threshold)
    whole = judged.figures(np.ones((1, len(labels))))
    drawn, gaps = [], []
    for weights in bootstrap_weights(groups, seed):
        drawn.append(judged.figures(weights))
        gaps.append(judged.calibration_gaps(weights))
    witnesses = {"accuracy": len(set(groups)), "eer": fewest_witnesses(labels == positive, groups)}
    found = {
        name: interval(float(value[0]), [part[name] for part in drawn], witnesses.get(name, 0))
        for name, value in whole.items()
        if value.ndim == 1
    }
    found["ece"] = calibration_error(judged.calibration_gaps(np.ones((1, len(labels)))), np.concatenate(gaps))
    return {
        "images": len(labels),
        "groups": len(set(groups)),
        "threshold": threshold if probabilities.shape[1] == 2 else None,
        "figures": found,
        "per_class": [_class(whole, drawn, c) for c in range(probabilities.shape[1])],
    }


def _class(whole: Figures, drawn: Sequence[Figures], index: int) -> dict[str, Any]:
    return {
        name.removeprefix("class_"): interval(float(value[index, 0]), [part[name][index] for part in drawn])
        for name, value in whole.items()
        if value.ndim == 2
    }


@dataclass(frozen=True)
class _Judged:
    labels: Labels
    probabilities: Scores
    positive: int
    threshold: float = REPORT_THRESHOLD

    def figures(self, weights: Scores) -> Figures:
        classes = self.probabilities.shape[1]
        said = decide(self.probabilities, self.positive, self.threshold)
        decided = Decisions.of(self.labels, said, classes, weights)
        ranked = self._ranked(weights)
        found: Figures = {f"class_{name}": getattr(decided, name) for name in ("precision", "recall", "f1")}
        # As scikit-learn has it: a class that neither is there nor was said is none of the mean's.
        silent = decided.there + decided.said <= 0
        for name in ("precision", "recall", "f1"):
            rows = found[f"class_{name}"]
            found[name] = rows[self.positive] if classes == 2 else mean_of_known(np.where(silent, np.nan, rows))
        for name in ("accuracy", "balanced_accuracy", "mcc"):
            found[name] = getattr(decided, name)
        return {**found, **ranked, "brier": brier(self.labels, self.probabilities, self.positive, weights)}

    def _ranked(self, weights: Scores) -> Figures:
        classes = self.probabilities.shape[1]
        wanted = [self.positive] if classes == 2 else range(classes)
        curves = [Curves.of(self.labels == c, self.probabilities[:, c], weights) for c in wanted]
        if classes == 2:
            rate, threshold = curves[0].equal_errors()
            areas, precisions = curves[0].areas(), curves[0].average_precisions()
            return {"eer": rate, "eer_threshold": threshold, "auc": areas, "average_precision": precisions}
        rows = {
            "auc": np.stack([curve.areas() for curve in curves]),
            "average_precision": np.stack([curve.average_precisions() for curve in curves]),
        }
        each = {f"class_{name}": values for name, values in rows.items()}
        return {**{name: mean_of_known(values) for name, values in rows.items()}, **each}

    def calibration_gaps(self, weights: Scores) -> Scores:
        """Of the score for two classes, else of the most probable class's probability."""
        if self.probabilities.shape[1] == 2:
            right, said = self.labels == self.positive, self.probabilities[:, self.positive]
        else:
            right, said = self.labels == self.probabilities.argmax(1), self.probabilities.max(1)
        return calibration_gaps(right, said, weights)
