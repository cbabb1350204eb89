"""Near duplicates between training and test: what groups missed, and a good test figure might come from.

The groups already hold together what surely is one picture. This looks with wider eyes, and a person judges: on
4000 different eyes of 24 × 24 pixels, a fifth of them tested, it names two pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Leak:
    """Two rows of the pack that look the same, one of which judges a model that learned from the other."""

    row: int
    other: int
    likeness: float
    """Correlation, 1: the same picture."""


def find_leaks(pixels: NDArray[np.uint8], tested: Rows, learned: Rows) -> list[Leak]:
    """Return pairs of a tested and a learned row that look the same, most alike first."""
    hashes, small = _seen(pixels, tested)
    other_hashes, other_small = _seen(pixels, learned)
    found: list[Leak] = []
    for place in range(len(tested)):
        bits = np.bitwise_count(hashes[place] ^ other_hashes)
        near = np.flatnonzero(bits <= MOST_BITS)
        likeness = other_small[near] @ small[place]
        nearest = [k for k in np.argsort(-likeness)[:NEAREST] if likeness[k] >= LEAST_LIKENESS]
        found += [Leak(int(tested[place]), int(learned[near[k]]), float(likeness[k])) for k in nearest]
    return sorted(found, key=lambda leak: -leak.likeness)


def _seen(pixels: NDArray[np.uint8], rows: Rows) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Return difference hashes, and small copies of mean 0 and length 1; a flat picture's are all 0."""
    hashes, small = np.zeros(len(rows), np.uint64), np.zeros((len(rows), SIDE * SIDE), np.float32)
    for start in range(0, len(rows), AT_ONCE):
        for place, grey in enumerate(greys(pixels[rows[start : start + AT_ONCE]]), start):
            picture = Image.fromarray(grey.astype(np.uint8))
            hashes[place] = _difference_hash(picture)
            small[place] = _unit(picture)
    return hashes, small


def _difference_hash(picture: Image.Image) -> np.uint64:
    levels = np.asarray(picture.resize((9, 8), Image.Resampling.BILINEAR), np.int16)
    bits = np.packbits(levels[:, 1:] > levels[:, :-1])
    return np.uint64(int.from_bytes(bits.tobytes(), "big"))


def _unit(picture: Image.Image) -> NDArray[np.float32]:
    levels = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32).ravel()
    if levels.std() < FLAT:
        return np.zeros_like(levels)
    centred = levels - levels.mean()
    return np.asarray(centred / np.linalg.norm(centred), np.float32)
