"""How many of people's labels may be wrong, by what the labelers think of them. Pure: arrays in.

Everybody is taken to err alike, on a share of the answers that is found together with the labels (Dawid and
Skene's way with one error rate); the labelers' calibrated probabilities are where it begins. An estimate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROUNDS = 50
LEAST, MOST = 0.001, 0.5


def believed(guesses: Floats, rows: Ints, answers: Ints) -> Floats:
    """Return `[N, K]`: what to believe of each image.

    `guesses` `[N, K]`: the labelers' probabilities, made without the image's own answers. Answer i is of image
    `rows[i]` and names class `answers[i]`.
    """
    classes = guesses.shape[1]
    prior = np.log(guesses.clip(1e-6, 1))
    given = np.zeros(guesses.shape)
    np.add.at(given, (rows, answers), 1.0)
    rate, belief = 0.05, guesses
    for _ in range(ROUNDS):
        # Each answer counts for its class, and against every other, by how often people err.
        worth = np.log(1 - rate) - np.log(rate / (classes - 1))
        weighed = prior + given * worth
        belief = np.exp(weighed - weighed.max(1, keepdims=True))
        belief /= belief.sum(1, keepdims=True)
        rate = float(np.clip(1 - belief[rows, answers].mean(), LEAST, MOST)) if len(rows) else rate
    return belief


def wrong_share(belief: Floats, labels: Ints) -> float:
    """Return the share of `labels` `[N]` that is expected to be wrong."""
    return float(1 - belief[np.arange(len(labels)), labels].mean())
