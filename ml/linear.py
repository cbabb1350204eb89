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

    Suykens and Vandewalle (1999): as a support vector machine, but solved by one system of linear equations. Its
    inverse also tells what the machine would be without some of its examples (Cawley and Talbot, 2003).
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
        self._wanted = np.eye(classes)[labels] * 2 - 1
        kernel = self._likeness(features).astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += 1 / penalty
        self._inverse = np.linalg.inv(kernel)
        self._solved = self._inverse @ np.column_stack([self._wanted, np.ones(len(labels))])
        self._mean = self._wanted.mean(0)
        self._weights = _weights(self._solved, self._mean)

    def __call__(self, features: NDArray[np.floating[Any]]) -> Floats:
        """Return logits float32 `[N, K]`.

        The machine expects 1 of its class and -1 of all others, so that half of what it says plus 1 is a chance.
        Its logarithm, unlike itself, goes on growing where the machine is sure; more is then accepted as surely.
        """
        parts = [
            self._likeness(features[start : start + AT_ONCE].astype(np.float32)) @ self._weights
            for start in range(0, len(features), AT_ONCE)
        ]
        return _logits(np.concatenate(parts) + self._mean)

    def unaware(
        self, features: NDArray[np.floating[Any]], groups: NDArray[np.int64], of_examples: NDArray[np.int64]
    ) -> Floats:
        """Return logits float32 `[N, K]`, of each row as a machine says that has seen no example of its group.

        `groups` `[N]` and `of_examples` `[n]` number the groups; at least one example must be left.
        """
        likeness = self._likeness(features.astype(np.float32))
        said = np.empty((len(features), self._wanted.shape[1]))
        for group in np.unique(groups):
            rows = np.flatnonzero(groups == group)
            weights, mean = self._without(np.flatnonzero(of_examples == group))
            said[rows] = likeness[rows] @ weights + mean
        return _logits(said)

    def _without(self, left: NDArray[np.int64]) -> tuple[Floats, NDArray[np.float64]]:
        """Return weights `[n, K]` and mean `[K]` of the machine that has not seen the examples `left`."""
        block = self._inverse[:, left]
        solved = self._solved - block @ np.linalg.solve(block[left], self._solved[left])
        mean = (self._wanted.sum(0) - self._wanted[left].sum(0)) / (len(self._wanted) - len(left))
        return _weights(solved, mean), mean

    def _likeness(self, features: Floats) -> Floats:
        """Return `[N, M]`, 1 for equal features, towards 0 for distant ones."""
        squares = (features**2).sum(1)[:, None] + (self._examples**2).sum(1)[None]
        squares -= 2 * features @ self._examples.T
        likeness: Floats = np.exp(-self._gamma * np.clip(squares, 0, None))
        return likeness


def _weights(solved: NDArray[np.floating[Any]], mean: NDArray[np.floating[Any]]) -> Floats:
    """Return `[n, K]` for what was solved `[n, K + 1]` of the wanted values and of ones."""
    weights: Floats = (solved[:, :-1] - solved[:, -1:] * mean).astype(np.float32)
    return weights


def _logits(outputs: NDArray[np.floating[Any]]) -> Floats:
    said: Floats = np.log(((1 + outputs) / 2).clip(LEAST_CHANCE, 1)).astype(np.float32)
    return said
