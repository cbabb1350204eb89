"""A compact net that starts from what pretraining learnt, and learns the classes from few labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import AdamW

from ml.compact import CompactNet
from ml.data import Rows, batches
from ml.distort import GENTLE, distort
from ml.errors import NotFiniteError
from ml.report import TRAINING_COST
from ml.small import SmallImages

SCORING_BATCH = 512
Told = Callable[[int, float], None]
"""Hears of images that went through a net, and of what each took in images scored."""


@dataclass(frozen=True)
class FinetuneSettings:
    """As in the trial on the eyes."""

    steps: int = 90
    steps_a_label: float = 0.15
    most_steps: int = 450
    batch_size: int = 32
    learning_rate: float = 0.0008
    weight_decay: float = 0.01
    smoothing: float = 0.05
    dropout: float = 0.2

    def again(self) -> FinetuneSettings:
        """Return how the net goes on once more answers are shown to it: half as long, and half as fast."""
        return replace(
            self,
            steps=-(-self.steps // 2),
            steps_a_label=self.steps_a_label / 2,
            most_steps=self.most_steps // 2,
            learning_rate=self.learning_rate / 2,
        )

    def steps_for(self, labels: int) -> int:
        return min(self.steps + round(self.steps_a_label * labels), self.most_steps)


def start_net(images: SmallImages, classes: int, weights: dict[str, Tensor], seed: int) -> CompactNet:
    torch.manual_seed(seed)
    net = CompactNet(images.channels, classes, images.side)
    if weights:
        net.body.load_state_dict(weights)
    return net.to(images.device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def finetune(
    net: CompactNet,
    images: SmallImages,
    rows: Rows,
    labels: NDArray[np.int64],
    settings: FinetuneSettings,
    seed: int,
    told: Told,
) -> None:
    """Train `net` in place on `rows`; `labels` runs parallel to them. Raise NotFiniteError."""
    dice = torch.Generator().manual_seed(seed)
    optimizer = AdamW(net.parameters(), lr=0.0, weight_decay=settings.weight_decay, fused=True)
    targets = torch.from_numpy(labels).to(images.device)
    steps = settings.steps_for(len(rows))
    net.train()
    for step, picked in enumerate(_draws(len(rows), settings.batch_size, steps, dice)):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * _rate((step + 1) / steps)
        views = distort(images.batch(rows[picked.numpy()]), GENTLE, dice).contiguous(
            memory_format=torch.channels_last
        )
        kept = (torch.rand(len(picked), net.head.in_features, generator=dice) >= settings.dropout).to(
            views.device
        )
        logits = net.head(net.features(views) * kept / (1 - settings.dropout))
        loss = F.cross_entropy(logits, targets[picked], label_smoothing=settings.smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if not math.isfinite(loss.item()):
            raise NotFiniteError("The compact net stopped giving finite numbers while training.")
        told(len(picked), TRAINING_COST)


def _draws(count: int, size: int, steps: int, dice: torch.Generator) -> list[Tensor]:
    """Row numbers of every step: all images once before any comes again."""
    rounds = -(-steps * size // count)
    stream = torch.cat([torch.randperm(count, generator=dice) for _ in range(rounds)])
    return list(torch.split(stream[: steps * size], size))


def _rate(share: float) -> float:
    """A climb over the first tenth of the steps, then half a cosine down to a hundredth."""
    return min(share * 10, 1.0) * (0.505 + 0.495 * math.cos(math.pi * share))


@torch.inference_mode()
def logits_of(net: CompactNet, images: SmallImages, rows: Rows, told: Told) -> NDArray[np.float32]:
    """Return float32 `[len(rows), K]`, the mean over each image and its mirror image."""
    net.eval()
    parts = []
    for part in batches(rows, SCORING_BATCH):
        seen = images.batch(part)
        parts.append(((net(seen) + net(seen.flip(-1))) / 2).cpu().numpy())
        told(2 * len(part), 1)
    found: NDArray[np.float32] = np.concatenate(parts)
    return found


@torch.inference_mode()
def features_of(net: CompactNet, images: SmallImages, told: Told) -> NDArray[np.float32]:
    """Return float32 `[2, N, FEATURES]`: of every image, and of its mirror image."""
    net.eval()
    sides: tuple[list[NDArray[np.float32]], ...] = ([], [])
    for part in batches(np.arange(len(images)), SCORING_BATCH):
        seen = images.batch(part)
        for kept, view in zip(sides, (seen, seen.flip(-1)), strict=True):
            kept.append(net.features(view).cpu().numpy())
        told(2 * len(part), 1)
    return np.stack([np.concatenate(kept) for kept in sides])
