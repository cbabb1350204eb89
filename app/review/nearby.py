"""Which answered images look most like another, class by class. Numbers only: no database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

A_CLASS = 4
"""How many are shown of each class."""
AT_ONCE = 8192

Ids = NDArray[np.int64]
Likeness = NDArray[np.float32]
"""`[len(wanted), len(known)]`: larger, more alike."""


@dataclass(frozen=True)
class Known:
    """Images with an answer that may be shown: id, class, difference hash, row by row."""

    ids: Ids
    classes: Ids
    hashes: NDArray[np.uint64]


def nearest(likeness: Likeness, wanted: Sequence[int], known: Known) -> dict[int, dict[int, list[int]]]:
    """Return image id → class id → the most alike known images, best first; never the image itself."""
    found: dict[int, dict[int, list[int]]] = {image_id: {} for image_id in wanted}
    for class_id in np.unique(known.classes).tolist():
        places = np.flatnonzero(known.classes == class_id)
        ids = known.ids[places]
        for image_id, row in zip(wanted, likeness[:, places], strict=True):
            best = _largest(np.where(ids == image_id, -np.inf, row), A_CLASS)
            found[image_id][class_id] = [int(ids[place]) for place in best if ids[place] != image_id]
    return found


def _largest(values: NDArray[np.float32], count: int) -> Ids:
    """Return the places of the largest values, largest first."""
    if len(values) > count:
        some = np.argpartition(-values, count)[:count]
        values, kept = values[some], some
    else:
        kept = np.arange(len(values))
    largest: Ids = kept[np.argsort(-values, kind="stable")]
    return largest


def by_features(ids: Ids, directions: NDArray[np.float16], wanted: Sequence[int], known: Known) -> Likeness:
    """Cosines; `directions` has a row for each of `ids`, which ascend. An image without a row is like none."""
    rows, asked = _rows(ids, known.ids), _rows(ids, np.array(wanted, np.int64))
    queries = np.where((asked >= 0)[:, None], directions[asked], 0).astype(np.float32)
    likeness = np.empty((len(wanted), len(rows)), np.float32)
    for part in _parts(len(rows)):
        likeness[:, part] = queries @ directions[rows[part]].astype(np.float32).T
    likeness[:, rows < 0] = -1
    return likeness


def by_hash(hashes: NDArray[np.uint64], known: Known) -> Likeness:
    """Of images that no labeler has looked at yet: how many of the 64 bits are the same."""
    different = np.bitwise_count(hashes[:, None] ^ known.hashes[None, :])
    same: Likeness = 1 - different.astype(np.float32) / 64
    return same


def _rows(ids: Ids, wanted: Ids) -> Ids:
    """Return the row of each wanted id, -1 where there is none."""
    places = np.searchsorted(ids, wanted).clip(max=len(ids) - 1)
    return np.where(ids[places] == wanted, places, -1)


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, AT_ONCE):
        yield slice(start, start + AT_ONCE)
