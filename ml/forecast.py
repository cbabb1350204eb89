"""What more answers are expected to buy: an exponential law through the estimates of the rounds so far. Pure.

Where a loop asks what it is least sure of, every hundred answers take away about the same share of the error
(Freund et al., "Selective Sampling Using the Query by Committee Algorithm", 1997; so it was on the eyes, from 100
answers to 600). The line is fitted to the logarithms. All estimates learn from the same answers and so err
together: their own uncertainty is added to the line's, never averaged away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_ROUNDS = 3
HUNDRED = 100.0
SMALLEST = 1e-4
"""Shares below this count as this: a logarithm needs something."""
TWO_SIDED = 1.96
BELIEVED = 3.0
"""What the rounds say of their own uncertainty counts as much as the scatter of so many of them."""
SURELY_UNSURE = 0.1
"""A round's estimate is never taken as surer than to about a tenth of itself."""


@dataclass(frozen=True)
class Point:
    """After so many answers so large a share was estimated to be wrong, 0..1, and its 95 % range."""

    answers: int
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """log(share) = `level` - `slope` × (hundreds of answers - `centre`), with standard deviations."""

    level: float
    slope: float
    centre: float
    level_sd: float
    slope_sd: float
    own_sd: float
    """How far a single round's estimate may be off."""

    def at(self, answers: int) -> Point:
        """Return what a round after so many answers would estimate."""
        ahead = answers / HUNDRED - self.centre
        middle = self.level - self.slope * ahead
        half = TWO_SIDED * float(np.sqrt(self.level_sd**2 + (ahead * self.slope_sd) ** 2 + self.own_sd**2))
        middle, low, high = (min(float(np.exp(x)), 1.0) for x in (middle, middle - half, middle + half))
        return Point(answers, middle, low, high)

    def answers_until(self, target: float, begin: int, most: int) -> tuple[int | None, int | None, int | None]:
        """Return after how many answers the share is `target`: expected, at the soonest, and at the latest.

        None: not before `most`.
        """
        steps = np.unique(np.linspace(begin, max(most, begin), 400).astype(int))
        points = [self.at(int(step)) for step in steps]
        return (
            _first(points, [p.estimate for p in points], target),
            _first(points, [p.low for p in points], target),
            _first(points, [p.high for p in points], target),
        )


def _first(points: Sequence[Point], shares: Sequence[float], target: float) -> int | None:
    return next((p.answers for p, share in zip(points, shares, strict=True) if share <= target), None)


def fit(points: Sequence[Point]) -> Forecast | None:
    """Return the law through the estimates; None before there are three of different numbers of answers."""
    if len({p.answers for p in points}) < FEWEST_ROUNDS:
        return None
    x = np.array([p.answers / HUNDRED for p in points])
    y = np.log([max(p.estimate, SMALLEST) for p in points])
    sd = _uncertainty(points)
    weights = sd**-2
    centre = float((weights * x).sum() / weights.sum())
    level = float((weights * y).sum() / weights.sum())
    spread = float((weights * (x - centre) ** 2).sum())
    slope = -float((weights * (x - centre) * (y - level)).sum()) / spread
    off = y - (level - slope * (x - centre))
    # How far they scatter, against what they say of themselves: those of one project err together, so less.
    scatter = float(np.sqrt(((weights * off**2).sum() + BELIEVED) / (len(points) - 2 + BELIEVED)))
    own = max(scatter, 1.0) * float(sd.mean())
    return Forecast(level, slope, centre, scatter * float(weights.sum() ** -0.5), scatter * spread**-0.5, own)


def _uncertainty(points: Sequence[Point]) -> NDArray[np.float64]:
    """Return each estimate's standard deviation, as a share of itself."""
    high = np.array([max(p.high, SMALLEST) for p in points])
    middle = np.array([max(p.estimate, SMALLEST) for p in points])
    found: NDArray[np.float64] = np.maximum(np.log(high / middle) / TWO_SIDED, SURELY_UNSURE)
    return found
