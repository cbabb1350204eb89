"""Whom to ask next, and what needs no asking. Pure: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.splitting import Rows

Floats = NDArray[np.float32]
CONTRADICTION = 0.5
"""What a labeler that contradicts the others adds to the doubt, in log-odds."""
LOOKED_AHEAD = 600
"""So many of the most doubtful images are ordered so that near twins do not follow each other."""
TWIN = 1.5
"""What an image loses when its twin has just been asked, in log-odds."""
CAUTION = 2
"""How many times what is expected to be wrong in the accepted pile has to fit into the target."""


def doubt(probability: Floats, views: Sequence[Floats]) -> Floats:
    """Return float32 `[N]`, larger where the answer is less certain, in log-odds; never NaN.

    The lead of the likeliest class over the next, in log-odds and negative; contradicting labelers narrow it.
    """
    first_two = np.sort(probability.clip(1e-7, 1), axis=1)[:, -2:]
    lead = np.log(first_two[:, 1] / first_two[:, 0])
    said = probability.argmax(1)
    against = np.sum([view.argmax(1) != said for view in views], axis=0) if len(views) else 0
    found: Floats = (CONTRADICTION * against - lead).astype(np.float32)
    return found


def priorities(doubts: Floats, features: Floats, labelled: Rows) -> Floats:
    """Return float32 `[N]` in 0..1, larger = ask sooner, by rank; what is labelled comes last.

    `features` `[N, D]` say which images are near twins.
    """
    scores = doubts.astype(np.float64).copy()
    scores[labelled] = -np.inf
    order = np.argsort(-scores, kind="stable")
    ahead = order[: min(LOOKED_AHEAD, len(order) - len(labelled))]
    order = np.concatenate([_spread(ahead, scores[ahead], features[ahead]), order[len(ahead) :]])
    ranks = np.empty(len(order), np.float32)
    ranks[order] = 1 - np.arange(len(order)) / max(len(order), 1)
    return ranks


def _spread(rows: Rows, scores: NDArray[np.float64], features: Floats) -> Rows:
    """Order `rows` greedily: each time the highest score, less what its nearest twin among those taken costs."""
    if len(rows) < 3:
        return rows
    squares = (features.astype(np.float64) ** 2).sum(1)
    distances = squares[:, None] + squares[None] - 2 * features.astype(np.float64) @ features.T
    np.fill_diagonal(distances, np.inf)
    usual = max(float(np.median(distances.min(1))), 1e-9)
    likeness = np.exp(-np.clip(distances, 0, None) / usual)
    left, cost, order = scores.copy(), np.zeros(len(rows)), []
    for _ in rows:
        best = int(np.argmax(left - TWIN * cost))
        order.append(best)
        left[best] = -np.inf
        cost = np.maximum(cost, likeness[best])
    return rows[order]


def accept(wrong: Floats, candidates: NDArray[np.bool_], target: float) -> NDArray[np.bool_]:
    """Return bool `[N]`: the largest pile, surest first, of which half of `target` or less is likely to be wrong.

    `wrong` `[N]`: each image's chance of it. Only `candidates` are taken.
    """
    order = np.flatnonzero(candidates)[np.argsort(wrong[candidates], kind="stable")]
    taken = np.zeros(len(wrong), bool)
    shares = np.cumsum(wrong[order], dtype=np.float64) / np.arange(1, len(order) + 1)
    taken[order[shares * CAUTION <= target]] = True
    return taken
