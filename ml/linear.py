"""Two quick learners over fixed features: logistic regression, and a kernel machine. Pure numpy and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MOST_EXAMPLES = 4000
"""The kernel machine's cost grows with the third power of its examples."""
AT_ONCE = 4096


def logistic(features: Floats, labels: NDArray[np.int64], classes: int, strength: float) -> Floats:
    """Fit multinomial logistic regression; return `[D + 1, K]`, the last row the intercepts.

    Minimises the summed cross-entropy plus |w|² / (2 · strength); the intercepts go free.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  slow to import

    examples = np.hstack([features, np.ones((len(features), 1))]).astype(np.float64)
    wanted = np.eye(classes)[labels]
    shape = (examples.shape[1], classes)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        logits = examples @ weights
        logits -= logits.max(1, keepdims=True)
        total = np.log(np.exp(logits).sum(1))
        shares = np.exp(logits - total[:, None])
        shrunk = weights.copy()
        shrunk[-1] = 0
        value = (total - (logits * wanted).sum(1)).sum() + (shrunk**2).sum() / (2 * strength)
        return float(value), (examples.T @ (shares - wanted) + shrunk / strength).ravel()

    found: Any = minimize(
        loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200}
    )
    weights: Floats = found.x.reshape(shape).astype(np.float32)
    return weights


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
        """Return float32 `[N, K]`: about 1 for the class, about -1 for all others."""
        parts = [
            self._likeness(features[start : start + AT_ONCE].astype(np.float32)) @ self._weights
            for start in range(0, len(features), AT_ONCE)
        ]
        said: Floats = (np.concatenate(parts) + self._mean).astype(np.float32)
        return said

    def _likeness(self, features: Floats) -> Floats:
        """Return `[N, M]`, 1 for equal features, towards 0 for distant ones."""
        squares = (features**2).sum(1)[:, None] + (self._examples**2).sum(1)[None]
        squares -= 2 * features @ self._examples.T
        likeness: Floats = np.exp(-self._gamma * np.clip(squares, 0, None))
        return likeness
