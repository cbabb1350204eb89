"""Whether probabilities mean what they say: Brier score and expected calibration error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.metrics.decisions import Labels, Scores, ratio

TRUST_BINS = 15


def brier(labels: Labels, probabilities: Scores, positive: int, weights: Scores) -> Scores:
    """Return mean squared errors, one a row of weights: of the score for two classes, else over all classes."""
    if probabilities.shape[1] == 2:
        errors = (probabilities[:, positive].astype(np.float64) - (labels == positive)) ** 2
    else:
        truth = labels[:, None] == np.arange(probabilities.shape[1])
        errors = ((probabilities.astype(np.float64) - truth) ** 2).sum(1)
    return ratio(weights @ errors, weights.sum(1))


def calibration_error(right: NDArray[np.bool_], said: Scores, weights: Scores) -> Scores:
    """Return expected calibration errors, one a row: how far shares of `right` lie from the probabilities `said`.

    Over bins of equal width, each by its weight.
    """
    inner = np.linspace(0, 1, TRUST_BINS + 1)[1:-1]
    bins = np.searchsorted(inner, said.astype(np.float64))
    gaps: Scores = right - said.astype(np.float64)
    by_bin = np.zeros((len(gaps), TRUST_BINS))
    by_bin[np.arange(len(gaps)), bins] = gaps
    return ratio(np.abs(weights @ by_bin).sum(1), weights.sum(1))
