"""Random distortions of standardised images, a whole batch at once, each image with its own dice.

All take and return float32 `[B, C, S, S]` with mean 0 and deviation 1; a seed means the same on every device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor


@dataclass(frozen=True)
class Distortion:
    """How far images are bent. Shares are of the image's side."""

    degrees: float = 10
    scale: tuple[float, float] = (0.88, 1.12)
    shift: float = 0.09
    contrast: float = 0.2
    brightness: float = 0.2
    """In the image's own deviations."""
    noise: float = 0.1
    """The largest deviation of the noise, in the image's own deviations."""
    blur: float = 0.0
    """Share of the images that are blurred."""
    cutout: float = 0.3
    """Side of a square that is blanked in half of the images."""

    def times(self, strength: float) -> Distortion:
        """Return one that bends so much further; as many images are blurred and cut as before."""
        names = ("degrees", "shift", "contrast", "brightness", "noise")
        further = {name: getattr(self, name) * strength for name in names}
        smaller, larger = (1 + (end - 1) * strength for end in self.scale)
        return replace(self, **further, scale=(max(smaller, 0.1), larger))


GENTLE = Distortion()
"""For learning classes from few labels."""
LIVELY = Distortion(12, (0.82, 1.18), 0.1, contrast=0.35, brightness=0.35)
"""From many, over many epochs: with gentler ones a compact net knew its training eyes by heart after 25."""
STRONG = Distortion(20, (0.7, 1.1), 0.12, contrast=0.5, brightness=0.5, noise=0.2, blur=0.5, cutout=0.4)
"""For learning what stays the same between two views of an image."""


def distort(images: Tensor, how: Distortion, generator: Generator) -> Tensor:
    images = _move(images, how, generator)
    if how.blur:
        images = _blur(images, how.blur, generator)
    stretch = 1 + how.contrast * _dice(images, generator, -1)
    images = images * stretch + how.brightness * _dice(images, generator, -1)
    noise = torch.randn(images.shape, generator=generator).to(images.device)
    images = images + noise * how.noise * _dice(images, generator)
    return _cut(images, how.cutout, generator)


def _dice(images: Tensor, generator: Generator, low: float = 0.0) -> Tensor:
    """One number an image, `[B, 1, 1, 1]`, between `low` and 1."""
    return (low + (1 - low) * torch.rand(len(images), 1, 1, 1, generator=generator)).to(images.device)


def _move(images: Tensor, how: Distortion, generator: Generator) -> Tensor:
    """Mirror half of the images; turn, scale and shift all; what comes from outside repeats the edge."""
    dice = torch.rand(5, len(images), generator=generator).to(images.device)
    angle = (dice[0] * 2 - 1) * math.radians(how.degrees)
    zoom = how.scale[0] + (how.scale[1] - how.scale[0]) * dice[1]
    mirror = torch.where(dice[2] < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    across, down = (dice[3] * 2 - 1) * how.shift * 2, (dice[4] * 2 - 1) * how.shift * 2
    matrix = torch.stack(
        [torch.stack([cos * mirror, -sin, across], 1), torch.stack([sin * mirror, cos, down], 1)], 1
    )
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _blur(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Mix some images with their copies under a binomial window of 5 pixels."""
    window = torch.tensor([1.0, 4, 6, 4, 1], device=images.device) / 16
    channels = images.shape[1]
    kernel = torch.outer(window, window).expand(channels, 1, 5, 5)
    soft = F.conv2d(F.pad(images, (2, 2, 2, 2), mode="replicate"), kernel, groups=channels)
    weight = _dice(images, generator) * (_dice(images, generator) < share)
    return images + weight * (soft - images)


def _cut(images: Tensor, side: float, generator: Generator) -> Tensor:
    """Blank a square, to the image's mean, in half of the images."""
    line = torch.linspace(0, 1, images.shape[-1], device=images.device)
    x, y = _dice(images, generator), _dice(images, generator)
    hidden = (line.view(1, 1, 1, -1) - x).abs().lt(side / 2) & (line.view(1, 1, -1, 1) - y).abs().lt(side / 2)
    return images.masked_fill(hidden & (_dice(images, generator) < 0.5), 0.0)
