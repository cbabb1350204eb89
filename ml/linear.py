"""A quick learner over fixed features. Pure numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MOST_EXAMPLES = 4000
"""The kernel machine's cost grows with the third power of its examples."""
AT_ONCE = 4096
LEAST_CHANCE = 0.02
"""What the kernel machine gives a class at least."""


class KernelMachine:
    """Least-squares support vector machine with a Gaussian kernel, one output a class.

    Suykens and Vandewalle (1999): as a support vector machine, but solved by one system of linear equations.
    """

    def __init__(
        self,
        features: Floats,
        labels: NDArray[np.int64],
        classes: int,
        penalty: float = 1.0,
        sharpness: float = 1.0,
    ) -> None:
        """`sharpness`: how fast likeness falls with distance, measured by how far the examples usually lie."""
        self._examples = features
        self._gamma = sharpness / max(features.shape[1] * float(features.var()), 1e-9)
        wanted = np.eye(classes)[labels] * 2 - 1
        self._mean = wanted.mean(0)
        kernel = self._likeness(features).astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += 1 / penalty
        self._weights = np.linalg.solve(kernel, wanted - self._mean).astype(np.float32)

    def __call__(self, features: NDArray[np.floating[Any]]) -> Floats:
        """Return logits float32 `[N, K]`.

        The machine expects 1 of its class and -1 of all others, so that half of what it says plus 1 is a chance.
        Its logarithm, unlike itself, goes on growing where the machine is sure; more is then accepted as surely.
        """
        parts = [
            self._likeness(features[start : start + AT_ONCE].astype(np.float32)) @ self._weights
            for start in range(0, len(features), AT_ONCE)
        ]
        chances = (1 + np.concatenate(parts) + self._mean) / 2
        said: Floats = np.log(chances.clip(LEAST_CHANCE, 1)).astype(np.float32)
        return said

    def _likeness(self, features: Floats) -> Floats:
        """Return `[N, M]`, 1 for equal features, towards 0 for distant ones."""
        squares = (features**2).sum(1)[:, None] + (self._examples**2).sum(1)[None]
        squares -= 2 * features @ self._examples.T
        likeness: Floats = np.exp(-self._gamma * np.clip(squares, 0, None))
        return likeness
