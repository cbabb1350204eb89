"""What ResNet50 and YOLOv8 see in every image with what ImageNet taught them, where their weights are at hand.

Nothing is fetched for it: weights that somebody put into the weights folder are used, others are not. What they
are worth on the images of a project, the labelers that learn from it have to prove as all others do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from ml.backbones import build_net, get_backbone, weights_address
from ml.checkpoint import identity_of, read_tensors, write_tensors
from ml.data import Images, Rows, batches, normalise
from ml.device import pick_device
from ml.directions import directions
from ml.headless import headless
from ml.linear import Floats
from ml.weights import sha256_of
from ml.zoo import FOUNDING_PAIR, title_of

ENLARGED, LARGEST = 2, 128
"""Small images are scaled up, since ImageNet's were large; none to more than a pile of them has time for."""
KEPT = 256
SAMPLED = 2_000
AT_ONCE = 128
COST = {"resnet50": 100.0, "yolov8n-cls": 6.0}
"""Of an image of 64 pixels a side and its mirror image, in images of 24 that the compact net scores."""
Told = Callable[[str, int, float], None]
"""Hears of a stage, of how many images went through it, and of what each took."""


@dataclass(frozen=True)
class Seen:
    """What one net of the pair sees in the images of one pack."""

    name: str
    pixels: NDArray[np.uint8]
    """`[N, H, W, C]`, C 1 or 3; may be a memory map."""
    weights_dir: Path
    folder: Path
    """The pack's own: what was seen is kept beside its pixels."""
    pack: str
    """The pack's sha256."""

    @property
    def title(self) -> str:
        return title_of(self.name)

    @property
    def work(self) -> float:
        """In images scored; nothing where an earlier run has done it."""
        return 0 if self._file.exists() else self._cost * len(self.pixels)

    @property
    def _side(self) -> int:
        return min(get_backbone(self.name).side_for(max(self.pixels.shape[1:3]), ENLARGED), LARGEST)

    @property
    def _cost(self) -> float:
        return COST[self.name] * (self._side / 64) ** 2

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.name}.safetensors"

    def features(self, told: Told) -> Floats:
        """Return float32 `[N, D]`, centred, the same for an image and its mirror image.

        The squares of a row add up to about 1. Raise RunError where the weights are damaged.
        """
        weights = sha256_of(self.weights_dir / _file_of(self.name))
        identity = identity_of(self.pack, len(self.pixels), self.name, weights, self._side, KEPT)
        if (stored := read_tensors(self._file, identity)) is not None:
            return _plain(stored[0]["features"])
        found = self._look(told).half()
        write_tensors(self._file, {"features": found}, identity)
        return _plain(found)

    @torch.inference_mode()
    def _look(self, told: Told) -> Tensor:
        told = partial(told, f"{self.title}: looking at every image")
        images = Images(self.pixels, self._side, pick_device())
        net = build_net(self.name, 1, self._side, "pretrained", self.weights_dir, 0)
        body = headless(net, self.title).eval().to(memory_format=torch.channels_last).to(images.device)
        dice = Generator().manual_seed(0)
        sample: Rows = torch.randperm(len(self.pixels), generator=dice)[:SAMPLED].numpy()
        typical = torch.cat([self._of(body, images, rows) for rows in batches(sample, AT_ONCE)])
        mean = typical.mean(0)
        scale = (typical - mean).norm(dim=1).square().mean().clamp(min=1e-12).sqrt()
        basis = directions((typical - mean) / scale, KEPT, dice)
        found = torch.empty(len(self.pixels), basis.shape[1])
        for rows in batches(np.arange(len(self.pixels)), AT_ONCE):
            found[rows] = (self._of(body, images, rows) - mean) / scale @ basis
            told(len(rows), self._cost)
        return found

    def _of(self, body: nn.Module, images: Images, rows: Rows) -> Tensor:
        """Return `[B, D]`, the mean over each image and its mirror image."""
        batch = normalise(images.batch(rows), get_backbone(self.name).norm)
        found: Tensor = ((body(batch) + body(batch.flip(-1))) / 2).float().cpu()
        return found


def _plain(features: Tensor) -> Floats:
    plain: Floats = features.float().numpy()
    return plain


def _file_of(name: str) -> str:
    return weights_address(name).rsplit("/", 1)[-1]


def seen_by_pair(pixels: NDArray[np.uint8], weights_dir: Path, folder: Path, pack: str) -> list[Seen]:
    """Return whoever of the pair has its weights in the folder."""
    there = {path.name for path in weights_dir.iterdir()} if weights_dir.is_dir() else set()
    at_hand = [name for name in FOUNDING_PAIR if there and _file_of(name) in there]
    return [Seen(name, pixels, weights_dir, folder, pack) for name in at_hand]
