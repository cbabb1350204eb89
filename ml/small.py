"""The pack as the compact net sees it: squares of at most 64 pixels, every image standardised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from ml.compact import side_for
from ml.data import Rows, batches, standardise

AT_ONCE = 1024


@dataclass(frozen=True)
class SmallImages:
    pixels: NDArray[np.uint8]
    """`[N, S, S, C]`, C 1 or 3; may be a memory map."""
    device: torch.device

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def side(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        return int(self.pixels.shape[3])

    def batch(self, rows: Rows) -> Tensor:
        """Return `[B, C, S, S]` float32, mean 0 and deviation 1 an image, channels last."""
        picked = torch.from_numpy(np.ascontiguousarray(self.pixels[rows])).to(self.device)
        images = standardise(picked.permute(0, 3, 1, 2).float().div_(255))
        return images.contiguous(memory_format=torch.channels_last)


def shrink(pixels: NDArray[np.uint8], device: torch.device) -> SmallImages:
    """Take the pack `[N, H, W, C]` as it is where its images are small squares; else scale each to one."""
    side = side_for(*pixels.shape[1:3])
    if pixels.shape[1:3] == (side, side):
        return SmallImages(pixels, device)
    small = np.empty((len(pixels), side, side, pixels.shape[3]), np.uint8)
    for rows in batches(np.arange(len(pixels)), AT_ONCE):
        images = torch.from_numpy(np.ascontiguousarray(pixels[rows])).permute(0, 3, 1, 2).float()
        scaled = F.interpolate(images, (side, side), mode="bilinear", antialias=True)
        small[rows] = scaled.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    return SmallImages(small, device)
