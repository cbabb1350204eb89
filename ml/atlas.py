"""A map of the pile: alike images lie near each other on a plane, by what was learnt without any answer.

By t-SNE (van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008): who are neighbours can be believed,
how far apart two crowds lie cannot.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from ml.likeness import FEATURES, MAP
from ml.rundir import atomic_path

MOST = 4000
"""Of a larger pile so many are drawn by lot: more are no map but a blot, and take minutes."""
FEWEST = 10
"""Fewer have no neighbourhoods to keep: they lie along the two directions in which they differ most."""
PERPLEXITY = 30
STEPS = 500
FLAT = 1e-3
"""Features that differ by less are those of images that are all the same."""


def draw_map(folder: Path) -> None:
    """Leave the map beside the features of the pack in `folder`, unless it is there."""
    if (folder / MAP).exists():
        return
    features = np.load(folder / FEATURES, mmap_mode="r")
    rows = np.sort(np.random.default_rng(0).permutation(len(features))[:MOST])
    placed = np.column_stack([rows, places(features[rows].astype(np.float32))]).astype(np.float32)
    with atomic_path(folder / MAP) as temporary, temporary.open("wb") as stream:
        np.save(stream, placed)


def places(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `[N, 2]` in 0..1, both axes in one measure, the same for the same features."""
    if len(features) < 2 or float(features.std(0).max()) < FLAT:
        return np.full((len(features), 2), 0.5, np.float32)
    flat: Any = PCA(2, random_state=0) if len(features) < FEWEST else _neighbourly(len(features))
    found = np.asarray(flat.fit_transform(features), np.float32)
    low, high = found.min(0), found.max(0)
    placed: NDArray[np.float32] = np.float32(0.5) + (found - (low + high) / 2) / (high - low).max()
    return placed


def _neighbourly(count: int) -> TSNE:
    return TSNE(init="pca", perplexity=min(PERPLEXITY, (count - 1) / 3), max_iter=STEPS, random_state=0, n_jobs=1)
