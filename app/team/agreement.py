"""How far people agree: percent, Cohen's kappa, Krippendorff's alpha, with 95 % intervals. Pure: arrays in.

Answers are int `[N, P]`: the class index that each of P people named for each of N images, -1 for none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.metrics.bootstrap import REPLICATES, bootstrap_weights, interval

Answers = NDArray[np.int64]
Floats = NDArray[np.float64]
NONE = -1


@dataclass(frozen=True)
class Figure:
    """A value with its interval; all None where it cannot be computed."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Agreement:
    """Of two people, or of all: over the images that two or more of them answered."""

    images: int
    differ: int
    """Images on which not all say the same."""
    percent: Figure
    """Share of the pairs of answers to one image that say the same."""
    kappa: Figure
    """Cohen's, of two people only."""
    alpha: Figure
    """Krippendorff's, for classes without an order."""


def agreement(answers: Answers, groups: Sequence[str], classes: int, seed: int = 0) -> Agreement:
    """Compare the columns; intervals are drawn over whole groups of images."""
    shared = (answers != NONE).sum(1) >= 2
    rows = answers[shared]
    if not len(rows):
        return Agreement(0, 0, Figure(), Figure(), Figure())
    of_shared = [group for group, is_shared in zip(groups, shared, strict=True) if is_shared]
    patterns, pattern, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    drawn = _redrawn(pattern.ravel(), counts, of_shared, seed)
    votes = _votes(patterns, classes)
    coincidences = _coincidences(votes)
    pair = rows.shape[1] == 2
    tables = _tables(patterns, classes) if pair else coincidences
    kappa = _figure(cohens_kappa, tables, counts, drawn) if pair else Figure()
    return Agreement(
        len(rows),
        int(counts[(votes > 0).sum(1) > 1].sum()),
        _figure(percent, _pairs(votes), counts, drawn),
        kappa,
        _figure(krippendorffs_alpha, coincidences, counts, drawn),
    )


def _redrawn(pattern: Answers, counts: Answers, groups: Sequence[str], seed: int) -> Floats:
    """Return `[replicates, patterns]`: how often each pattern of answers came, groups drawn again."""
    if len(set(groups)) == len(groups):
        # Every image is a group of its own: drawing images is drawing patterns, however many images there are.
        total = int(counts.sum())
        return np.random.default_rng(seed).multinomial(total, counts / total, size=REPLICATES).astype(np.float64)
    return np.array(
        [
            np.bincount(pattern, weights, minlength=len(counts))
            for some in bootstrap_weights(groups, seed)
            for weights in some
        ]
    )


def _figure(measure: Callable[[Floats], Floats], parts: Floats, counts: Answers, drawn: Floats) -> Figure:
    """`parts` `[patterns, K, K]` add up, as often as each pattern came, to the table that is measured."""
    flat = parts.reshape(len(parts), -1)
    shape = (-1, *parts.shape[1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        value = measure((counts.astype(np.float64) @ flat).reshape(shape))[0]
        values = measure((drawn @ flat).reshape(shape))
    return Figure(**interval(float(value), [values]))


def _votes(patterns: Answers, classes: int) -> Floats:
    """Return `[patterns, K]`: how many named each class."""
    found: Floats = (patterns[:, :, None] == np.arange(classes)).sum(1).astype(np.float64)
    return found


def _pairs(votes: Floats) -> Floats:
    """Return `[patterns, 2]`: pairs of answers that say the same, and all pairs."""
    given = votes.sum(1)
    return np.stack([(votes * (votes - 1)).sum(1) / 2, given * (given - 1) / 2], axis=1)


def _tables(patterns: Answers, classes: int) -> Floats:
    """Return `[patterns, K, K]`: what the first said (row) and the second (column)."""
    named = patterns[:, :, None] == np.arange(classes)
    found: Floats = (named[:, 0, :, None] & named[:, 1, None, :]).astype(np.float64)
    return found


def _coincidences(votes: Floats) -> Floats:
    """Return `[patterns, K, K]`: pairs of values within an image, each image counting once an answer."""
    same = votes[:, :, None] * np.eye(votes.shape[1])
    found: Floats = (votes[:, :, None] * votes[:, None, :] - same) / (votes.sum(1) - 1)[:, None, None]
    return found


def percent(pairs: Floats) -> Floats:
    """`[..., 2]`, see `_pairs` → the share that says the same."""
    found: Floats = pairs[..., 0] / pairs[..., 1]
    return found


def cohens_kappa(tables: Floats) -> Floats:
    """`[..., K, K]` → how far two people agree beyond chance, given their habits; nan: one class only."""
    total = tables.sum((-2, -1))
    observed = np.trace(tables, axis1=-2, axis2=-1) / total
    expected = (tables.sum(-1) * tables.sum(-2)).sum(-1) / total**2
    found: Floats = (observed - expected) / (1 - expected)
    return found


def krippendorffs_alpha(coincidences: Floats) -> Floats:
    """`[..., K, K]` → 1 less observed over expected disagreement; nan: one class only."""
    total = coincidences.sum((-2, -1))
    values = coincidences.sum(-1)
    observed = total - np.trace(coincidences, axis1=-2, axis2=-1)
    expected = (total**2 - (values**2).sum(-1)) / (total - 1)
    found: Floats = 1 - observed / expected
    return found
