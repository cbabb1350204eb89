"""Who trains, who validates, who tests: stratified by class, groups whole, the same for the same seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.errors import RunError

Rows = NDArray[np.int64]


def split_rows(
    rows: Rows, labels: Sequence[int], groups: Sequence[str], share: float, seed: int
) -> tuple[Rows, Rows]:
    """Part `rows` into (rest, held out), about `share` of every class held out, no group in both.

    `labels` and `groups` are those of all rows of the pack. Both parts come back sorted.
    Raise RunError when a class has too few groups to stand in both parts.
    """
    check_classes(rows, labels, groups)
    random = np.random.default_rng(seed)
    members: dict[str, list[int]] = {}
    for row in rows:
        members.setdefault(groups[row], []).append(int(row))
    parting = _Parting({key: Counter(labels[row] for row in group) for key, group in members.items()}, share)
    # Large groups first: the small ones then even out what they left.
    order = sorted(members, key=lambda key: (-len(members[key]), random.random()))
    for key in order:
        if parting.fits(key):
            parting.hold(key)
    for key in reversed(order):
        # Where all groups of a class are too large for its share, the smallest has to do.
        if parting.brings_a_missing_class(key):
            parting.hold(key)
    parts: tuple[list[int], list[int]] = ([], [])
    for key, group in members.items():
        parts[key in parting.held].extend(group)
    return np.array(sorted(parts[0]), np.int64), np.array(sorted(parts[1]), np.int64)


def fold_rows(
    rows: Rows, labels: Sequence[int], groups: Sequence[str], folds: int, seed: int
) -> NDArray[np.int8]:
    """Return the fold of each of `rows`, from 0 on: about as many of every class in each, no group in two.

    Raise RunError when a class has too few groups.
    """
    found = np.full(len(rows), folds - 1, np.int8)
    rest = rows
    for fold in range(folds - 1):
        rest, held = split_rows(rest, labels, groups, 1 / (folds - fold), seed + fold)
        found[np.isin(rows, held)] = fold
    return found


class _Parting:
    """Which groups are held out so far, and what is still wanted of every class."""

    def __init__(self, counts: dict[str, Counter[int]], share: float) -> None:
        self.held: set[str] = set()
        self._counts = counts
        images: Counter[int] = sum(counts.values(), Counter())
        self._wanted = {c: max(1.0, share * n) for c, n in images.items()}
        self._groups = Counter(c for found in counts.values() for c in found)
        self._left = self._groups.copy()

    def fits(self, key: str) -> bool:
        return all(self._wanted[c] >= n / 2 for c, n in self._counts[key].items())

    def brings_a_missing_class(self, key: str) -> bool:
        return any(self._left[c] == self._groups[c] for c in self._counts[key])

    def hold(self, key: str) -> None:
        """Hold the group out, unless it is the last that one of its classes has for training."""
        if any(self._left[c] < 2 for c in self._counts[key]):
            return
        self.held.add(key)
        for c, n in self._counts[key].items():
            self._wanted[c] -= n
            self._left[c] -= 1


def check_classes(
    rows: Rows,
    labels: Sequence[int],
    groups: Sequence[str],
    parts: int = 2,
    names: Sequence[str] | None = None,
) -> None:
    """Raise RunError unless there are two classes, each in as many groups as there are to be parts."""
    seen: dict[int, set[str]] = {}
    for row in rows:
        seen.setdefault(labels[row], set()).add(groups[row])
    if len(seen) < 2:
        raise RunError("Training needs labelled images of at least two classes.")
    rarest = min(seen, key=lambda c: len(seen[c]))
    if (count := len(seen[rarest])) < parts:
        called = names[rarest] if names else f"class {rarest}"
        there = {1: "is one", 2: "are only two"}.get(count, f"are only {count}")
        raise RunError(
            f"Training needs at least {parts} independent images of every class, and of {called} there {there}."
        )
