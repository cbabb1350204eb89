"""95 % intervals by bootstrap over whole groups: images of one group are no independent witnesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.metrics.decisions import Scores

REPLICATES = 500
TAIL = 0.025
MOST_WEIGHTS = 2_000_000
"""Images times replicates that are computed at once: bounds the memory."""


def group_index(groups: Sequence[str]) -> NDArray[np.int64]:
    """Return for every image the number of its group, from 0 on."""
    return np.asarray(np.unique(np.asarray(groups), return_inverse=True)[1], np.int64)


def bootstrap_weights(groups: Sequence[str], seed: int, replicates: int = REPLICATES) -> Iterator[Scores]:
    """Yield `[some replicates, images]`: how often each image's group was drawn."""
    index = group_index(groups)
    for drawn in draws(int(index.max()) + 1, seed, replicates, max(1, MOST_WEIGHTS // len(index))):
        yield drawn[:, index]


def draws(groups: int, seed: int, replicates: int, at_once: int) -> Iterator[Scores]:
    """Yield `[some replicates, groups]`: how often each group was drawn."""
    random = np.random.default_rng(seed)
    for start in range(0, replicates, at_once):
        size = min(at_once, replicates - start)
        # Counting the draws one by one takes a sixth of what numpy's multinomial does for many groups.
        drawn = random.integers(0, groups, (size, groups)) + groups * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups)
        yield counts.astype(np.float64)


def interval(value: float, replicates: Sequence[Scores], witnesses: int = 0) -> dict[str, float | None]:
    """Return `{"value", "low", "high"}`; all None for a figure that cannot be computed: JSON knows no nan.

    Of a share that is 0 or 1 all replicates say the same, however few stand behind it: so many `witnesses`, where
    their number is known, give it the exact binomial bound.
    """
    known = np.concatenate(replicates)
    known = known[np.isfinite(known)]
    if not np.isfinite(value) or not len(known):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(known, [2.5, 97.5])
    if low == high and witnesses and value in {0, 1}:
        unseen = 1 - (TAIL ** (1 / witnesses))
        low, high = (1 - unseen, 1.0) if value else (0.0, unseen)
    return {"value": value, "low": float(low), "high": float(high)}


def fewest_witnesses(positive: NDArray[np.bool_], groups: Sequence[str]) -> int:
    """Return how many groups the rarer of the two sides has: so many say that it is told from the other."""
    keys = np.asarray(groups)
    return min(len(np.unique(keys[positive])), len(np.unique(keys[~positive])))
