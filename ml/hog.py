"""Histograms of oriented gradients: what edges an image has where, told without learning anything.

Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection" (2005): 9 unsigned directions, cells in
overlapping blocks of 2 × 2, each block scaled to length 1, cut at 0.2, and scaled again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

DIRECTIONS = 9
CELLS_A_SIDE = (6, 4)
"""Fine and coarse: cells of 4 and of 6 pixels where the image has 24."""
SIDES = (24, 48)
"""The image is scaled to the nearer of them, which both sizes of cells divide."""


def hog(images: Tensor) -> NDArray[np.float32]:
    """Return float32 `[B, 1224]` for images `[B, C, S, S]` of any range."""
    side = SIDES[0] if images.shape[-1] <= sum(SIDES) // 2 else SIDES[1]
    grey = images.mean(1, keepdim=True).contiguous()
    if grey.shape[-1] != side:
        grey = F.interpolate(grey, (side, side), mode="bilinear", antialias=True)
    maps = _direction_maps(grey[:, 0])
    parts = [block for cells in CELLS_A_SIDE for block in _blocks(maps, side // cells)]
    found: NDArray[np.float32] = torch.cat(parts, 1).cpu().numpy()
    return found


def _direction_maps(grey: Tensor) -> Tensor:
    """Return `[B, 9, S, S]`: each pixel's gradient, shared between the two directions nearest to its own."""
    padded = F.pad(grey[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    strength = torch.hypot(across, down)
    place = (torch.atan2(down, across) / torch.pi % 1) * DIRECTIONS
    steps = torch.arange(DIRECTIONS, device=grey.device).view(1, -1, 1, 1)
    distance = (place[:, None] - steps).abs()
    distance = torch.minimum(distance, DIRECTIONS - distance)
    return strength[:, None] * (1 - distance).clamp(min=0)


def _blocks(maps: Tensor, cell: int) -> Iterator[Tensor]:
    """Yield `[B, 36 · blocks]` once: the cells' histograms in their normalised blocks."""
    cells = F.avg_pool2d(maps, cell)
    corners = [
        cells[:, :, i : cells.shape[2] - 1 + i, j : cells.shape[3] - 1 + j] for i in (0, 1) for j in (0, 1)
    ]
    blocks = torch.cat(corners, 1)
    once = blocks / (blocks.norm(dim=1, keepdim=True) + 1e-5)
    cut = once.clamp(max=0.2)
    yield (cut / (cut.norm(dim=1, keepdim=True) + 1e-5)).flatten(1)
