"""Scores counted on a fixed grid: all that curves and thresholds need of any number of images, in some kilobytes.

The grid has every multiple of 0.001, so that counts at those thresholds are exact, and beyond 0.001 and 0.999
steps of log odds: sure models put most images there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.metrics.decisions import Confusion, Labels, Scores


def _grid() -> NDArray[np.float32]:
    tail = 1 / (1 + np.exp(np.arange(7.0, 16.5, 0.1)))
    return np.unique(np.concatenate([np.arange(1001) / 1000, tail, 1 - tail]).astype(np.float32))


GRID = _grid()
"""Rising, from 0 to 1."""


@dataclass(frozen=True)
class Tally:
    """How many images lie in which step of the grid: `[columns, 2, len(GRID)]`, others first, then one's own.

    Two classes: one column, the score, with the images of the negative and of the positive class. More: a column
    for every class, its probability on the other classes' images and on its own, and last the most probable
    class's probability, where it is wrong and where it is right.
    """

    counts: NDArray[np.int32]

    @classmethod
    def of(cls, labels: Labels, probabilities: Scores, positive: int) -> Tally:
        classes = probabilities.shape[1]
        if classes == 2:
            return cls(_counted(labels == positive, probabilities[:, positive])[None])
        columns = [_counted(labels == c, probabilities[:, c]) for c in range(classes)]
        sure = _counted(labels == probabilities.argmax(1), probabilities.max(1))
        return cls(np.stack([*columns, sure]))

    @classmethod
    def from_bytes(cls, data: bytes) -> Tally:
        return cls(np.frombuffer(data, "<i4").reshape(-1, 2, len(GRID)))

    def to_bytes(self) -> bytes:
        return self.counts.astype("<i4").tobytes()

    def at(self, threshold: float, column: int = 0) -> Confusion:
        """Count the decision `score >= threshold`, exactly where the threshold is a multiple of 0.001."""
        start = int(np.searchsorted(GRID, np.float32(threshold)))
        others, own = (int(n) for n in self.counts[column, :, start:].sum(1))
        all_others, all_own = (int(n) for n in self.counts[column].sum(1))
        return Confusion(all_others - others, others, all_own - own, own)


def _counted(own: NDArray[np.bool_], scores: Scores) -> NDArray[np.int32]:
    place = np.searchsorted(GRID, scores.astype(np.float32), side="right") - 1
    return np.stack([np.bincount(place[kind], minlength=len(GRID)) for kind in (~own, own)]).astype(np.int32)
