"""What pretraining learnt of every image of a pack, kept beside its pixels for programs without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.rundir import atomic_path

FEATURES = "features.npy"
IMAGE_IDS = "image_ids.npy"
"""Written with the pack: which image each row is, in ascending order."""


def write_features(folder: Path, features: NDArray[np.float32]) -> None:
    """Keep `[N, D]` as directions: the more alike two images are, the nearer to 1 their rows' product."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = (features / np.maximum(lengths, 1e-12)).astype(np.float16)
    with atomic_path(folder / FEATURES) as temporary, temporary.open("wb") as stream:
        np.save(stream, directions)


def find_features(packs: Path) -> tuple[NDArray[np.int64], NDArray[np.float16]] | None:
    """Return image ids and memory-mapped directions of the newest pack that has them, of all in this folder."""
    found = [(path.stat().st_mtime, path.parent) for path in packs.glob(f"[!.]*/{FEATURES}")]
    for _time, folder in sorted(found, reverse=True):
        try:
            ids = np.load(folder / IMAGE_IDS)
            features = np.load(folder / FEATURES, mmap_mode="r")
        except (OSError, ValueError):
            continue  # the pack is being taken away
        if len(ids) == len(features):
            return ids, features
    return None
