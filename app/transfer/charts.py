"""A bake-off's charts as points for SVG: arrays in, coordinates out. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 160
BINS = 40
PARTS = 10
"""Of the calibration chart."""
BESIDE, LINE = 40.0, 4.5
"""How far apart dots are whose names cannot meet, and how far apart two names stand, of a side of 100."""
Scores = NDArray[np.floating[Any]]
Points = str
"""As SVG's `points`, in a square of side 100, y downwards."""


def roc(positive: NDArray[np.bool_], scores: Scores) -> Points:
    """Return the curve of false against true positives; empty without both classes."""
    if positive.all() or not positive.any():
        return ""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    right = np.concatenate([[0], np.cumsum(positive[order])[ends]]) / positive.sum()
    wrong = np.concatenate([[0], np.cumsum(~positive[order])[ends]]) / (~positive).sum()
    kept = np.unique(np.linspace(0, len(right) - 1, min(len(right), MOST_POINTS)).astype(int))
    return _points(100 * wrong[kept], 100 - 100 * right[kept])


def calibration(positive: NDArray[np.bool_], scores: Scores) -> list[tuple[float, float, int]]:
    """Return mean score, share of positives and count of every part of the scores that has images, ×100."""
    part = np.minimum((scores * PARTS).astype(int), PARTS - 1)
    found = []
    for number in range(PARTS):
        here = part == number
        if here.any():
            score, share = (100 * float(values[here].mean()) for values in (scores, positive))
            found.append((round(score, 1), round(share, 1), int(here.sum())))
    return found


@dataclass(frozen=True)
class Bar:
    x: float
    width: float
    height: float
    """In a chart of height 30; on a root scale, so that the few errors show."""
    count: int
    start: float
    """Lowest score in it."""


def histogram(labels: NDArray[np.integer[Any]], scores: Scores, classes: int) -> list[list[Bar]]:
    """Return for every class the bars of its images' scores, side by side."""
    counts = [np.histogram(scores[labels == c], bins=BINS, range=(0, 1))[0] for c in range(classes)]
    top = max(1, *(int(row.max()) for row in counts))
    return [
        [
            Bar(round(place + c / classes, 3), round(0.9 / classes, 3), round(30 * math.sqrt(n / top), 2), int(n),
                place / BINS)
            for place, n in enumerate(row.tolist()) if n
        ]
        for c, row in enumerate(counts)
    ]  # fmt: skip


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    low: float
    high: float
    """The interval, as y."""
    label: str
    is_best: bool
    """No other is both smaller and better."""
    label_y: float
    """Lower than the dot where another's name stands beside it."""


@dataclass(frozen=True)
class Pareto:
    dots: list[Dot]
    y_ticks: list[tuple[float, str]]
    x_ticks: list[tuple[float, str]]


def pareto(models: Sequence[tuple[str, int, float, float, float]]) -> Pareto:
    """Return error with its interval against parameters, the latter on a logarithmic scale.

    A model: title, parameters, error, low, high.
    """
    if not models:
        return Pareto([], [], [])
    models = sorted(models, key=lambda model: -model[2])  # so that names which make room for others go downwards
    logs = [math.log10(max(parameters, 1)) for _, parameters, *_ in models]
    first, last = math.floor(min(logs)), math.ceil(max(logs) + 1e-9)
    top = _round_up(max(high for *_, high in models))

    def y(value: float) -> float:
        return round(100 - 100 * value / top, 2)

    dots: list[Dot] = []
    for (title, parameters, error, low, high), log in zip(models, logs, strict=True):
        better = any(p <= parameters and e <= error and (p, e) != (parameters, error) for _, p, e, *_ in models)
        x = round(100 * (log - first) / (last - first), 2)
        place = y(error)
        while any(abs(x - dot.x) < BESIDE and abs(place - dot.label_y) < LINE for dot in dots):
            place += 0.5
        dots.append(Dot(x, y(error), y(low), y(high), title, not better, place))
    x_ticks = [(100 * (n - first) / (last - first), _size(10**n)) for n in range(first, last + 1)]
    return Pareto(dots, [(y(top * k / 4), f"{100 * top * k / 4:.3g} %") for k in range(5)], x_ticks)


def _round_up(value: float) -> float:
    """0.0137 → 0.02: the top of an axis."""
    if value <= 0:
        return 0.01
    unit = 10 ** math.floor(math.log10(value))
    return float(next(step * unit for step in (1, 2, 4, 5, 8, 10) if step * unit >= value * 1.0001 or step == 10))


def _size(count: int) -> str:
    return (
        f"{count // 1_000_000} M" if count >= 1_000_000 else f"{count // 1000} k" if count >= 1000 else str(count)
    )


def _points(x: Scores, y: Scores) -> Points:
    return " ".join(f"{a:.2f},{b:.2f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
