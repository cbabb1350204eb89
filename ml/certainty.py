"""How sure the labelers together truly are, as far as answers to images drawn by lot can tell. Pure.

To an image of logits J a person answers k with probability (1 - lapse) softmax(scale J)[k] + lapse / K: one
scale (Guo et al., "On Calibration of Modern Neural Networks", 2017), and a share of answers that no labeler could
foresee (Wichmann and Hill, "The psychometric function: I", 2001), without which one slip on an easy image would
make all of them look hard. Thirty answers pin neither down, so every pair on a grid is weighed by what was
known before and by the answers, and what follows is told for many likely pairs.

Only answers drawn by lot count: from the whole pile, or for an audit from what was accepted, which tells of the
images with such logits. An image was asked for since it was doubted: its answer tells of images like it, which
are just those no longer left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SCALES = np.geomspace(1, 16, 31)
SCALE, SCALE_SPREAD = 4.0, 0.5
"""Before any answer: middle and spread of a log-normal. Fitted to all labels, at 50 to 500 answers, the scale was
2.4 to 5.5 on eyes that two people labelled, on rendered ones and on eyes with an eighth of labels turned round,
and from 2.6 upwards without end on digits."""
LAPSES = np.geomspace(0.0003, 0.5, 12)
LAPSE, LAPSE_TAIL = 0.003, 0.8
"""What is likeliest before any answer, and how far its power law reaches: there is no telling how often somebody
errs. On the same images it was 0 to 0.026, and 0.24 where labels were turned round."""


@dataclass(frozen=True)
class Certainty:
    """One likely pair."""

    scale: float
    lapse: float

    def chances(self, logits: NDArray[np.float32]) -> Floats:
        """Return probabilities `[N, K]`, rows summing to 1, for joined logits `[N, K]`."""
        raised = np.exp(self.scale * (logits - logits.max(1, keepdims=True)).astype(np.float64))
        shares = raised / raised.sum(1, keepdims=True)
        chances: Floats = (1 - self.lapse) * shares + self.lapse / logits.shape[1]
        return chances


def likely(
    logits: NDArray[np.float32], labels: NDArray[np.int64], groups: Sequence[str], draws: int
) -> list[Certainty]:
    """Return `draws` pairs, each as often as it is likely, given answers `[n]` to images with logits `[n, K]`.

    A group's answers count as one together.
    """
    grid = [Certainty(float(scale), float(lapse)) for scale in SCALES for lapse in LAPSES]
    before = np.array([_unlikely(pair) for pair in grid])
    _names, group_of, sizes = np.unique(np.array(groups, str), return_inverse=True, return_counts=True)
    said = np.array([np.log(c.chances(logits)[np.arange(len(labels)), labels]) for c in grid])
    score = (said / sizes[group_of]).sum(1) - before
    weight = np.exp(score - score.max())
    even = (np.arange(draws) + 0.5) / draws
    return [grid[place] for place in np.searchsorted(np.cumsum(weight / weight.sum()), even)]


def _unlikely(pair: Certainty) -> float:
    """Minus the logarithm of what was known before, on a grid that is even in logarithms."""
    of_scale = 0.5 * (math.log(pair.scale / SCALE) / SCALE_SPREAD) ** 2
    return of_scale + abs(math.log(pair.lapse / LAPSE)) / LAPSE_TAIL
