"""What pretraining learnt of every image of a pack, kept beside its pixels for programs without torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.rundir import atomic_path

Ids = NDArray[np.int64]

FEATURES = "features.npy"
IMAGE_IDS = "image_ids.npy"
"""Written with the pack: which image each row is, in ascending order."""
MAP = "map.npy"
"""`[M, 3]`: a row of the pack, and its place on the map of the pile."""


def write_features(folder: Path, features: NDArray[np.float32]) -> None:
    """Keep `[N, D]` as directions: the more alike two images are, the nearer to 1 their rows' product."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = (features / np.maximum(lengths, 1e-12)).astype(np.float16)
    with atomic_path(folder / FEATURES) as temporary, temporary.open("wb") as stream:
        np.save(stream, directions)


def find_features(packs: Path) -> tuple[Ids, NDArray[np.float16]] | None:
    """Return image ids and memory-mapped directions of the newest pack that has them, of all in this folder."""
    return next((found for found in _newest(packs, FEATURES) if len(found[0]) == len(found[1])), None)


def find_map(packs: Path) -> tuple[Ids, NDArray[np.float32]] | None:
    """Return image ids `[M]` and their places `[M, 2]`, 0 to 1, of the newest pack here that has a map."""
    for ids, placed in _newest(packs, MAP):
        rows = placed[:, 0].astype(np.int64)
        if not len(rows) or rows.max() < len(ids):
            return ids[rows], placed[:, 1:]
    return None


def _newest(packs: Path, name: str) -> Iterator[tuple[Ids, Any]]:
    """Yield image ids and an array of each pack that has it, the newest pack first."""
    found = [(path.stat().st_mtime, path.parent) for path in packs.glob(f"[!.]*/{name}")]
    for _time, folder in sorted(found, reverse=True):
        try:
            yield np.load(folder / IMAGE_IDS), np.load(folder / name, mmap_mode="r")
        except (OSError, ValueError):
            continue  # the pack is being taken away
