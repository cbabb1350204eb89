"""Near duplicates between training and test: what groups missed, and a good test figure might come from.

The groups already hold together what surely is one picture. This looks with wider eyes, and a person judges: on
4000 different eyes of 24 × 24 pixels, a fifth of them tested, it names a pair or two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.findings.looks import AT_ONCE, greys

SIDE = 16
MOST_BITS = 12
"""Of 64; the groups ask for 6."""
LEAST_LIKENESS = 0.95
"""Correlation of small grey copies; the groups ask for 0.97 of larger ones."""
FLAT = 2.0
"""Standard deviation in grey levels below which a picture has no pattern to compare."""
NEAREST = 3
MOST_LISTED = 200
Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Leak:
    """Two rows of the pack that look the same, one of which judges a model that learned from the other."""

    row: int
    other: int
    likeness: float
    """Correlation, 1: the same picture."""


@dataclass(frozen=True)
class Copies:
    """What is compared of some rows of a pack, in their order."""

    rows: Rows
    """Rising."""
    hashes: NDArray[np.uint64]
    """Difference hashes: whether each of 64 places is brighter than the one to its left."""
    small: Floats
    """`[N, SIDE²]`: grey copies of mean 0 and length 1; a flat picture's is all 0."""

    def of(self, rows: Rows) -> tuple[NDArray[np.uint64], Floats]:
        places = np.searchsorted(self.rows, rows)
        return self.hashes[places], self.small[places]


def copy_small(pixels: NDArray[np.uint8], rows: Rows) -> Copies:
    hashes, small = np.zeros(len(rows), np.uint64), np.zeros((len(rows), SIDE * SIDE), np.float32)
    for start in range(0, len(rows), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        grey = greys(pixels[rows[part]]).astype(np.float32)
        hashes[part] = _difference_hashes(_resized(grey, 8, 9))
        small[part] = _units(_resized(grey, SIDE, SIDE).reshape(len(grey), -1))
    return Copies(rows, hashes, small)


def find_leaks(copies: Copies, tested: Rows, learned: Rows) -> list[Leak]:
    """Return pairs of a tested and a learned row that look the same, most alike first."""
    hashes, small = copies.of(tested)
    other_hashes, other_small = copies.of(learned)
    found: list[Leak] = []
    for place in range(len(tested)):
        bits = np.bitwise_count(hashes[place] ^ other_hashes)
        near = np.flatnonzero(bits <= MOST_BITS)
        likeness = other_small[near] @ small[place]
        nearest = [k for k in np.argsort(-likeness)[:NEAREST] if likeness[k] >= LEAST_LIKENESS]
        found += [Leak(int(tested[place]), int(learned[near[k]]), float(likeness[k])) for k in nearest]
    return sorted(found, key=lambda leak: -leak.likeness)


def _resized(grey: Floats, height: int, width: int) -> Floats:
    """Scale `[N, H, W]` as Pillow does, all at once: its bilinear filter is a matrix for each side."""
    across, down = _filter(grey.shape[2], width), _filter(grey.shape[1], height)
    return np.rint(down @ grey @ across.T)


@cache
def _filter(side: int, wanted: int) -> Floats:
    """Return `[wanted, side]`: what each place of a line takes from those of a longer or shorter one."""
    lines = Image.fromarray(np.eye(side, dtype=np.float32))
    return np.asarray(lines.resize((side, wanted), Image.Resampling.BILINEAR), np.float32)


def _difference_hashes(levels: Floats) -> NDArray[np.uint64]:
    bits = np.packbits((levels[:, :, 1:] > levels[:, :, :-1]).reshape(len(levels), 64), axis=1)
    return bits.view(np.uint64)[:, 0]


def _units(levels: Floats) -> Floats:
    centred = levels - levels.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    patterned = levels.std(1, keepdims=True) >= FLAT
    units: Floats = np.divide(centred, length, out=np.zeros_like(centred), where=patterned)
    return units
