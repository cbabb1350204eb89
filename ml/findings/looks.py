"""How images look, in three numbers each: brightness, contrast, and how sharp they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 512
LUMA = (0.299, 0.587, 0.114)


def measure_looks(pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return for these rows of a pack mean and spread of the grey levels (0..1), and the Laplacian's variance.

    A small variance of the Laplacian means blur.
    """
    found: dict[str, list[NDArray[np.float64]]] = {"brightness": [], "contrast": [], "sharpness": []}
    for start in range(0, len(rows), AT_ONCE):
        grey = greys(pixels[rows[start : start + AT_ONCE]])
        found["brightness"].append(grey.mean((1, 2)) / 255)
        found["contrast"].append(grey.std((1, 2)) / 255)
        found["sharpness"].append(_laplacian(grey).var((1, 2)))
    return {name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in found.items()}


def greys(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return grey levels `[N, H, W]` of `[N, H, W, 1 or 3]`."""
    if pixels.shape[3] == 1:
        return pixels[..., 0].astype(np.float64)
    return np.asarray(pixels.astype(np.float64) @ np.array(LUMA))


def _laplacian(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    around = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="reflect" if min(grey.shape[1:]) > 1 else "edge")
    beside = around[:, :-2, 1:-1] + around[:, 2:, 1:-1] + around[:, 1:-1, :-2] + around[:, 1:-1, 2:]
    return np.asarray(beside - 4 * grey)
