"""What can be learnt from a pile of images before anybody has labelled one.

SimCLR (Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020): two distorted
views of an image are to lie close together, and far from the views of all other images of the batch.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.optim import AdamW

from ml.checkpoint import (
    TrainState,
    identity_of,
    load_checkpoint,
    next_checkpoint_at,
    read_tensors,
    save_checkpoint,
    write_tensors,
)
from ml.compact import FEATURES, CompactNet
from ml.data import Rows, batches
from ml.distort import STRONG, distort
from ml.errors import NotFiniteError
from ml.report import TRAINING_COST, Reporter
from ml.small import SmallImages
from ml.turns import one_at_a_time

STAGE = "learning from the unlabelled images"
WAITING = "waiting for another job that learns from these images"
FILE = "pretrained.safetensors"
COST = 2 * TRAINING_COST
"""An image is seen twice a step; in images scored."""


@dataclass(frozen=True)
class PretrainSettings:
    """Set on the eyes; `seen` bounds the time for large piles."""

    seen: int = 240_000
    """Images looked at in all, each in two views."""
    fewest_epochs: int = 3
    most_epochs: int = 200
    batch_size: int = 250
    temperature: float = 0.2
    learning_rate: float = 0.003
    weight_decay: float = 0.0001
    checkpoint_every_s: float = 10.0

    def epochs_for(self, images: int) -> int:
        return min(max(self.seen // max(images, 1), self.fewest_epochs), self.most_epochs)


@dataclass(frozen=True)
class Pretraining:
    images: SmallImages
    folder: Path
    """The pack's own: what was learnt lies beside its pixels, and goes when it goes."""
    name: str
    """The pack's sha256."""
    settings: PretrainSettings
    seed: int = 0

    @property
    def identity(self) -> str:
        return identity_of(self.name, len(self.images), self.images.side, asdict(self.settings), self.seed)

    @property
    def work(self) -> float:
        """In images scored; nothing where an earlier run has done it."""
        if find_pretrained(self) is not None:
            return 0
        return self.settings.epochs_for(len(self.images)) * len(self.images) * COST


class _Contrast(nn.Module):
    """The net, and the small head that is thrown away."""

    def __init__(self, images: SmallImages) -> None:
        super().__init__()
        self.net = CompactNet(images.channels, 2, images.side)
        self.project = nn.Sequential(
            nn.Linear(FEATURES, 128, bias=False), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return directions `[B, 64]`, each of length 1."""
        return F.normalize(self.project(self.net.features(images)), dim=1)


def pretrain(task: Pretraining, reporter: Reporter) -> dict[str, Tensor]:
    """Return a compact net's weights, from the pack's folder where they are known; raise NotFiniteError.

    Resumes from its checkpoint in the pack's folder; waits where another job is just learning the same.
    """
    if (known := find_pretrained(task)) is not None:
        return known
    task.folder.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(task.folder, lambda: reporter.advance(WAITING, 0)):
        if (known := find_pretrained(task)) is None:
            return _learn(task, reporter)
    reporter.skip(task.settings.epochs_for(len(task.images)) * len(task.images) * COST)
    return known


def _learn(task: Pretraining, reporter: Reporter) -> dict[str, Tensor]:
    torch.manual_seed(task.seed)
    model = _Contrast(task.images).to(task.images.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = AdamW(model.parameters(), lr=0.0, weight_decay=task.settings.weight_decay)
    checkpoint = task.folder / f"checkpoint-{FILE}"
    state, _best = load_checkpoint(checkpoint, model, optimizer, task.identity) or (TrainState(), {})
    epochs = task.settings.epochs_for(len(task.images))
    reporter.skip(state.epoch * len(task.images) * COST)
    due = time.monotonic() + task.settings.checkpoint_every_s
    while state.epoch < epochs:
        loss = _one_epoch(task, model, optimizer, state.epoch, epochs, reporter)
        state.epoch += 1
        reporter.metric("pretraining", state.epoch, train_loss=loss)
        if time.monotonic() >= due and state.epoch < epochs:
            began = time.monotonic()
            save_checkpoint(checkpoint, state, model, {}, optimizer, task.identity)
            due = next_checkpoint_at(began, time.monotonic(), task.settings.checkpoint_every_s)
    weights = {key: value.detach().cpu().contiguous() for key, value in model.net.body.state_dict().items()}
    write_tensors(task.folder / FILE, weights, task.identity)
    checkpoint.unlink(missing_ok=True)
    return weights


def find_pretrained(task: Pretraining) -> dict[str, Tensor] | None:
    """Return the weights that an earlier run left, or None; a damaged file counts as nothing."""
    stored = read_tensors(task.folder / FILE, task.identity)
    return stored[0] if stored else None


def _one_epoch(
    task: Pretraining, model: _Contrast, optimizer: AdamW, epoch: int, epochs: int, reporter: Reporter
) -> float:
    """Return the mean loss of the epoch."""
    dice = torch.Generator().manual_seed(task.seed * 1_000_003 + epoch)
    order: Rows = torch.randperm(len(task.images), generator=dice).numpy()
    parts = list(batches(order, task.settings.batch_size))
    model.train()
    total = 0.0
    for step, rows in enumerate(parts):
        for group in optimizer.param_groups:
            group["lr"] = task.settings.learning_rate * _rate(epoch + step / len(parts), epochs)
        images = task.images.batch(rows)
        views = distort(torch.cat([images, images]), STRONG, dice).contiguous(memory_format=torch.channels_last)
        loss = contrast(model(views), task.settings.temperature)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if not math.isfinite(value := loss.item()):
            raise NotFiniteError("Learning from the unlabelled images stopped giving finite numbers.")
        total += value * len(rows)
        reporter.advance(STAGE, len(rows), cost=COST, epoch=epoch + 1, epochs=epochs, loss=round(value, 4))
    return total / len(order)


def _rate(epoch: float, epochs: int) -> float:
    """A climb over the first twentieth, then half a cosine down to nothing."""
    climb = max(epochs / 20, 1e-9)
    return min((epoch + 0.01) / climb, 0.5 + 0.5 * math.cos(math.pi * epoch / epochs))


def contrast(directions: Tensor, temperature: float) -> Tensor:
    """Return the normalised temperature-scaled cross-entropy of `[2B, D]`: row i and row i + B are one image."""
    count = len(directions) // 2
    likeness = directions @ directions.T / temperature
    likeness.fill_diagonal_(float("-inf"))
    partners = torch.arange(2 * count, device=directions.device).roll(count)
    return F.cross_entropy(likeness, partners)
