"""Augmentations on a whole batch at once, with its own dice for every image.

All take `[B, 3, S, S]` in 0..1 and return the same. The set `report` is the founding report's.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor


def augment(images: Tensor, kind: str, generator: Generator) -> Tensor:
    if kind == "none":
        return images
    images = flip(images, generator)
    if kind == "flip":
        return images
    images = jitter(images, generator)
    images = blur(images, generator)
    images = sharpness(images, generator, factor=2.0)
    return sharpness(images, generator, factor=0.0)


def _uniform(images: Tensor, low: float, high: float, generator: Generator) -> Tensor:
    """One number an image, `[B, 1, 1, 1]`. Drawn on the CPU, so that a seed means the same on every device."""
    return (low + (high - low) * torch.rand(len(images), 1, 1, 1, generator=generator)).to(images.device)


def _chance(images: Tensor, probability: float, generator: Generator) -> Tensor:
    return _uniform(images, 0, 1, generator) < probability


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Mirror left and right, half of the images."""
    return torch.where(_chance(images, 0.5, generator), images.flip(-1), images)


def jitter(images: Tensor, generator: Generator) -> Tensor:
    """Brightness by a factor 0.5–1.5, contrast by a factor 0–2: the report's colour jitter 0.5/1."""
    images = (images * _uniform(images, 0.5, 1.5, generator)).clamp(0, 1)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (mean + (images - mean) * _uniform(images, 0, 2, generator)).clamp(0, 1)


def blur(images: Tensor, generator: Generator) -> Tensor:
    """Gaussian blur, kernel 5 wide and 9 high, σ 0.1–5 pixels of the net's input."""
    sigma = _uniform(images, 0.1, 5.0, generator)
    rows, columns = partial(_gaussian, sigma, 9), partial(_gaussian, sigma, 5)
    count, channels, height, width = images.shape
    flat = images.reshape(1, count * channels, height, width)
    vertical = rows().repeat_interleave(channels, 0).view(-1, 1, 9, 1)
    horizontal = columns().repeat_interleave(channels, 0).view(-1, 1, 1, 5)
    flat = F.conv2d(F.pad(flat, (0, 0, 4, 4), mode="reflect"), vertical, groups=count * channels)
    flat = F.conv2d(F.pad(flat, (2, 2, 0, 0), mode="reflect"), horizontal, groups=count * channels)
    return flat.view(images.shape).contiguous(memory_format=torch.channels_last)


def _gaussian(sigma: Tensor, size: int) -> Tensor:
    """`[B, size]`, each row summing to 1."""
    offsets = torch.arange(size, device=sigma.device) - size // 2
    weights = torch.exp(-0.5 * (offsets / sigma.view(-1, 1)) ** 2)
    return weights / weights.sum(1, keepdim=True)


def sharpness(images: Tensor, generator: Generator, factor: float) -> Tensor:
    """Torchvision's sharpness adjustment on three images of ten: factor 2 sharpens, 0 smooths."""
    from torchvision.transforms.v2.functional import adjust_sharpness  # noqa: PLC0415  slow to import

    return torch.where(_chance(images, 0.3, generator), adjust_sharpness(images, factor), images)
