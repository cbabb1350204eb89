"""Whether one model is better than another on the same images, or only luckier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.metrics.bootstrap import group_index

SIGNIFICANT = 0.05
MOST_STEPS = 50_000_000
"""Above, the normal distribution tells the same as counting all cases."""


@dataclass(frozen=True)
class Pair:
    """Two models on the same images."""

    only_first: int
    """Images that only the first has right."""
    only_second: int
    p: float
    """Two-sided: how often chance alone parts them so far."""
    by_group: bool
    """Whether groups of several images were tossed as one; else this is McNemar's exact test."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(right_first: NDArray[np.bool_], right_second: NDArray[np.bool_], groups: Sequence[str]) -> Pair:
    """Test whether two models are equally often right, with each group as one witness.

    Were they, it would be a toss-up in every group which of them has more images right: the sign of each group's
    difference is tossed, all cases are counted. Where no group has more than one image that parts them, this is
    McNemar's exact test.
    """
    first, second = right_first & ~right_second, right_second & ~right_first
    index = group_index(groups)
    sums = np.bincount(index, first.astype(np.float64) - second, minlength=1).astype(np.int64)
    parting = np.bincount(index, first | second, minlength=1)
    counts = int(first.sum()), int(second.sum())
    return Pair(*counts, _toss_up(sums[sums != 0]), by_group=bool((parting > 1).any()))


def _toss_up(differences: NDArray[np.int64]) -> float:
    """Return the probability that the sum of ± the differences lies as far from 0 as it does."""
    seen = abs(int(differences.sum()))
    sizes = np.sort(np.abs(differences))
    reach = int(sizes.sum())
    if seen == 0:
        return 1.0
    if len(sizes) * reach > MOST_STEPS:
        return math.erfc(seen / math.sqrt(2 * float((sizes**2).sum())))
    chances = np.zeros(2 * reach + 1)
    chances[reach] = 1.0
    for size in sizes.tolist():
        moved = np.zeros_like(chances)
        moved[size:] += chances[:-size]
        moved[:-size] += chances[size:]
        chances = moved / 2
    far = np.abs(np.arange(-reach, reach + 1)) >= seen
    return float(min(chances[far].sum(), 1.0))


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p values corrected for their number, by Holm's steps."""
    order = np.argsort(ps, kind="stable")
    steps = np.array(ps, float)[order] * np.arange(len(ps), 0, -1)
    corrected = np.empty(len(ps))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(ps) else steps
    return [float(p) for p in corrected]
