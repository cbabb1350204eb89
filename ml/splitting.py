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
    wanted = {c: max(1.0, share * n) for c, n in Counter(labels[row] for row in rows).items()}
    members: dict[str, list[int]] = {}
    for row in rows:
        members.setdefault(groups[row], []).append(int(row))
    # Large groups first: the small ones then even out what they left.
    order = sorted(members, key=lambda key: (-len(members[key]), random.random()))
    left = Counter({c: _groups_of(c, members, labels) for c in wanted})
    held: set[str] = set()
    for key in order:
        counts = Counter(labels[row] for row in members[key])
        fits = all(wanted[c] >= n / 2 for c, n in counts.items())
        if fits and all(left[c] > 1 for c in counts):
            held.add(key)
            for c, n in counts.items():
                wanted[c] -= n
                left[c] -= 1
    parts: tuple[list[int], list[int]] = ([], [])
    for key, group in members.items():
        parts[key in held].extend(group)
    return np.array(sorted(parts[0]), np.int64), np.array(sorted(parts[1]), np.int64)


def _groups_of(label: int, members: dict[str, list[int]], labels: Sequence[int]) -> int:
    return sum(any(labels[row] == label for row in group) for group in members.values())


def check_classes(rows: Rows, labels: Sequence[int], groups: Sequence[str]) -> None:
    """Raise RunError unless there are two classes, each in two groups or more."""
    seen: dict[int, set[str]] = {}
    for row in rows:
        seen.setdefault(labels[row], set()).add(groups[row])
    if len(seen) < 2:
        raise RunError("Training needs labelled images of at least two classes.")
    if min(map(len, seen.values())) < 2:
        raise RunError("Training needs at least two independent images of every class that has any.")
