"""Near duplicates: found by dHash, confirmed on pixels, joined into groups.

A missed pair costs little. A false one ties different images together for ever, so both tests are strict: on 4000
different eyes of 24 × 24 pixels they join none, yet they see through a re-save, a change of size, brightness or
contrast, and slight blur.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NEAREST_HASHES = 6
"""Of 64 bits."""
LEAST_CORRELATION = 0.97
FLAT = 2.0
"""Standard deviation in grey levels below which a picture has no pattern to correlate."""
FLAT_DIFFERENCE = 3.0
CANDIDATES_EACH = 4
"""A still video would pair everything with everything; the nearest few join it all the same."""
SIDE = 32
BLOCK = 64


def candidate_pairs(
    hashes: NDArray[np.uint64], first_new: int, limit: int = NEAREST_HASHES
) -> list[tuple[int, int]]:
    """Return pairs (i, j), j < i and i ≥ `first_new`, whose hashes differ in at most `limit` bits.

    Of each i only the nearest few. Compares all with all, about 1 ns a pair: 5 s for 100,000 new images.
    """
    pairs: list[tuple[int, int]] = []
    for start in range(first_new, len(hashes), BLOCK):
        rows = hashes[start : start + BLOCK, None]
        best: dict[int, list[tuple[int, int]]] = {}
        for left in range(0, start + len(rows), 4096):
            distances = np.bitwise_count(rows ^ hashes[None, left : left + 4096])
            if (distances <= limit).any():
                _collect(best, distances, start, left, limit)
        pairs.extend((i, j) for i in best for _, j in sorted(best[i])[:CANDIDATES_EACH])
    return pairs


def _collect(
    best: dict[int, list[tuple[int, int]]], distances: NDArray[np.uint8], start: int, left: int, limit: int
) -> None:
    """Add to `best` each row's nearest columns that lie before the row itself."""
    for row in np.flatnonzero((distances <= limit).any(axis=1)):
        i = start + int(row)
        line = distances[row, : max(0, i - left)]
        columns = np.flatnonzero(line <= limit)
        nearest = columns[np.argsort(line[columns], kind="stable")[:CANDIDATES_EACH]]
        best.setdefault(i, []).extend((int(line[c]), left + int(c)) for c in nearest)


def miniature(picture: Image.Image) -> NDArray[np.float32]:
    """Return what `are_alike` compares: grey levels of a small square copy, float32 `[SIDE · SIDE]`."""
    small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.float32).ravel()


def are_alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two miniatures show the same picture, brightness and contrast aside."""
    flat = [bool(m.std() < FLAT) for m in (one, other)]
    if any(flat):
        return all(flat) and bool(np.abs(one - other).mean() < FLAT_DIFFERENCE)
    return bool(np.corrcoef(one, other)[0, 1] >= LEAST_CORRELATION)


def components(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each of `count` nodes the smallest node that it is linked with, directly or over others."""
    pairs = np.array(list(links), dtype=np.int64).reshape(-1, 2)
    if not len(pairs):
        return list(range(count))
    # Half a second to load, and most imports have no links at all.
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, first = np.unique(labels, return_index=True)
    smallest: list[int] = first[labels].tolist()
    return smallest


def links_of_equal(keys: Sequence[str | None]) -> list[tuple[int, int]]:
    """Link every node to the first one with the same key; None is no key."""
    first: dict[str, int] = {}
    return [(first[key], i) for i, key in enumerate(keys) if key is not None and first.setdefault(key, i) != i]
