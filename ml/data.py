"""From rows of a pack to batches for a net: no per-image Python, nothing decoded twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  as everybody calls it
from numpy.typing import NDArray
from torch import Tensor

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Normalisation:
    """Per-channel, for values 0..1."""

    mean: tuple[float, ...]
    """Empty: every image by its own mean and deviation."""
    std: tuple[float, ...]


OWN = Normalisation((), ())


@dataclass(frozen=True)
class Images:
    """The pack and how a net wants to see it."""

    pixels: NDArray[np.uint8]
    """`[N, H, W, C]`, C 1 or 3; may be a memory map."""
    input_size: int
    device: torch.device

    def __reduce__(self) -> tuple[Any, ...]:
        """Send a memory map by its file's name, not its content."""
        if isinstance(self.pixels, np.memmap):
            return _reopened, (str(self.pixels.filename), self.input_size, self.device)
        return Images, (self.pixels, self.input_size, self.device)

    def batch(self, rows: Rows) -> Tensor:
        """Return `[B, 3, S, S]` float32 in 0..1, channels last; grey is repeated to three channels."""
        picked = torch.from_numpy(np.ascontiguousarray(self.pixels[rows])).to(self.device)
        images = picked.permute(0, 3, 1, 2).float().div_(255)
        if images.shape[-2:] != (self.input_size, self.input_size):
            size = (self.input_size, self.input_size)
            images = F.interpolate(images, size, mode="bilinear", antialias=True)
        return images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def _reopened(path: str, input_size: int, device: torch.device) -> Images:
    return Images(np.load(path, mmap_mode="r"), input_size, device)


def normalise(images: Tensor, norm: Normalisation) -> Tensor:
    if norm == OWN:
        return standardise(images)
    mean = torch.tensor(norm.mean, device=images.device).view(1, -1, 1, 1)
    std = torch.tensor(norm.std, device=images.device).view(1, -1, 1, 1)
    return (images - mean) / std


def standardise(images: Tensor) -> Tensor:
    """Give every image `[B, C, S, S]` mean 0 and deviation 1; an even image becomes zeros."""
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    deviation = images.std(dim=(1, 2, 3), keepdim=True)
    return (images - mean) / deviation.clamp(min=0.02)


def measure(pixels: NDArray[np.uint8], rows: Rows) -> Normalisation:
    """Mean and deviation of the training rows, one value for all three channels of grey images."""
    sample = pixels[rows[:5000]].astype(np.float32) / 255
    mean = sample.mean(axis=(0, 1, 2))
    std = sample.std(axis=(0, 1, 2)).clip(min=0.01)
    repeat = 3 // len(mean)
    return Normalisation(tuple(map(float, mean)) * repeat, tuple(map(float, std)) * repeat)


def batches(rows: Rows, size: int) -> Iterator[Rows]:
    """Yield nearly equal parts of at most `size`: no part of one row, on which batch statistics fail."""
    if len(rows):
        yield from np.array_split(rows, -(-len(rows) // size))
