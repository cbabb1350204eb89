"""Where many features vary most: a few directions that keep what tells images apart."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

PASSES = 3


def directions(features: Tensor, most: int, dice: Generator) -> Tensor:
    """Return `[D, most]`, orthonormal, for centred features `[n, D]`; fewer columns where n or D is less.

    Halko, Martinsson and Tropp, "Finding Structure with Randomness" (2011).
    """
    basis = torch.randn(features.shape[1], min(most, *features.shape), generator=dice)
    for _ in range(PASSES):
        basis = torch.linalg.qr(features.T @ (features @ basis)).Q
    return basis
