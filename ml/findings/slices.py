"""Where a model fails: the scored images cut by how they look and where they come from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.metrics.bootstrap import (
    MOST_WEIGHTS,
    bootstrap_weights,
    draws,
    fewest_witnesses,
    group_index,
    interval,
)
from ml.metrics.curves import Curves
from ml.metrics.decisions import Labels, Scores, decide, ratio
from ml.metrics.pairs import SIGNIFICANT, holm

QUARTERS = 4
MOST_KINDS = 8
DRAWS, EER_DRAWS = 1000, 200
FEWEST = 20
"""A smaller slice is shown and never marked: a few errors more or less would decide."""


@dataclass(frozen=True)
class Cut:
    """One way to cut the images: `codes` tells for each its slice."""

    name: str
    slices: list[str]
    codes: NDArray[np.uint8]


def cut_by_number(name: str, values: NDArray[np.float64], words: tuple[str, str], digits: int = 2) -> Cut | None:
    """Cut into quarters, from least to most; None where all are alike. `words`: for the ends, e.g. darkest."""
    if not len(values):
        return None
    edges = np.unique(np.quantile(values, [i / QUARTERS for i in range(1, QUARTERS)]))
    used, codes = np.unique(np.searchsorted(edges, values), return_inverse=True)
    if len(used) < 2:
        return None
    slices = []
    for index in range(len(used)):
        inside = values[codes == index]
        span = f"{inside.min():.{digits}f} to {inside.max():.{digits}f}"
        word = words[0] if index == 0 else words[1] if index == len(used) - 1 else ""
        slices.append(f"{word}, {span}" if word else span)
    return Cut(name, slices, codes.astype(np.uint8))


def cut_by_kind(name: str, values: Sequence[str]) -> Cut | None:
    """Cut by a word, the most frequent first, what is rare together; None where all are alike."""
    frequent = [word for word, _count in Counter(values).most_common()]
    if len(frequent) < 2:
        return None
    slices = frequent if len(frequent) <= MOST_KINDS else [*frequent[: MOST_KINDS - 1], "others"]
    place = {word: min(i, len(slices) - 1) for i, word in enumerate(frequent)}
    return Cut(name, slices, np.array([place[word] for word in values], np.uint8))


def group_sizes(groups: Sequence[str]) -> list[str]:
    """Return for every image how many share its group, in words."""
    counts = Counter(groups)
    names = {1: "alone", 2: "of 2"}
    return [names.get(counts[key], "of 3 to 5" if counts[key] <= 5 else "of 6 and more") for key in groups]


@dataclass(frozen=True)
class Judged:
    """The scored images of a bake-off."""

    labels: Labels
    groups: Sequence[str]
    positive: int
    seed: int = 0


def judge_slices(judged: Judged, cuts: Sequence[Cut], probabilities: Scores) -> list[list[dict[str, Any]]]:
    """Return a model's figures in every slice of every cut.

    `accuracy` and, for two classes, `eer` with 95 % intervals over whole groups; `worse` where the slice's
    accuracy is below the rest's by more than chance explains, all slices of the model considered (Holm).
    """
    right = decide(probabilities, judged.positive) == judged.labels
    members = [cut.codes == index for cut in cuts for index in range(len(cut.slices))]
    if not members:
        return []
    whole, drawn = _accuracies(judged, right, np.stack(members, axis=1))
    ps = [_chance(*pair) for pair in zip(whole[1], drawn[1].T, strict=True)]
    found = []
    for index, (member, p) in enumerate(zip(members, holm(ps), strict=True)):
        witnesses = len({judged.groups[row] for row in np.flatnonzero(member).tolist()})
        figures = {"accuracy": interval(float(whole[0][index]), [drawn[0][:, index]], witnesses)}
        if probabilities.shape[1] == 2:
            figures["eer"] = _equal_errors(judged, member, probabilities[:, judged.positive])
        images = int(member.sum())
        wrong = int((member & ~right).sum())
        worse = p < SIGNIFICANT and images >= FEWEST
        found.append({**figures, "images": images, "wrong": wrong, "worse": worse})
    rows = iter(found)
    return [[next(rows) for _ in cut.slices] for cut in cuts]


def _accuracies(
    judged: Judged, right: NDArray[np.bool_], members: NDArray[np.bool_]
) -> tuple[tuple[Scores, Scores], tuple[Scores, Scores]]:
    """Return (accuracy, accuracy minus the rest's) of every slice, as is, and `[draws, slices]` by bootstrap."""
    index = group_index(judged.groups)
    count = int(index.max()) + 1
    sums = np.zeros((count, 2, members.shape[1] + 1))
    np.add.at(sums[:, 0, :-1], index, members & right[:, None])
    np.add.at(sums[:, 1, :-1], index, members)
    np.add.at(sums[:, 0, -1], index, right)
    np.add.at(sums[:, 1, -1], index, 1)
    flat = sums.reshape(count, -1)
    parts = [w @ flat for w in draws(count, judged.seed, DRAWS, max(1, MOST_WEIGHTS // count))]
    whole = _shares(flat.sum(0)[None].reshape(1, 2, -1))
    return (whole[0][0], whole[1][0]), _shares(np.concatenate(parts).reshape(DRAWS, 2, -1))


def _shares(sums: Scores) -> tuple[Scores, Scores]:
    right, there = sums[:, 0], sums[:, 1]
    inside = ratio(right[:, :-1], there[:, :-1])
    rest = ratio(right[:, -1:] - right[:, :-1], there[:, -1:] - there[:, :-1])
    return np.where(there[:, :-1] > 0, inside, np.nan), inside - rest


def _chance(difference: float, drawn: Scores) -> float:
    """Return how likely a slice no worse than the rest looks so bad."""
    spread = float(np.nanstd(drawn))
    if not spread:
        return 1.0
    return 0.5 * math.erfc(-difference / spread / math.sqrt(2))


def _equal_errors(judged: Judged, member: NDArray[np.bool_], scores: Scores) -> dict[str, float | None]:
    rows = np.flatnonzero(member)
    if not len(rows):
        return interval(math.nan, [np.zeros(0)])
    positive, own = judged.labels[rows] == judged.positive, scores[rows]
    rate, _threshold = Curves.of(positive, own, np.ones((1, len(rows)))).equal_errors()
    groups = [judged.groups[row] for row in rows.tolist()]
    drawn = [
        Curves.of(positive, own, w).equal_errors()[0] for w in bootstrap_weights(groups, judged.seed, EER_DRAWS)
    ]
    return interval(float(rate[0]), drawn, fewest_witnesses(positive, groups))
