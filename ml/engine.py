"""The one training loop, for every net: epochs, validation, the best epoch, checkpoints, scores."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from ml.augment import augment
from ml.checkpoint import TrainState, load_checkpoint, next_checkpoint_at, save_checkpoint
from ml.data import Images, Normalisation, Rows, batches, normalise
from ml.errors import NotFiniteError
from ml.report import TRAINING_COST, Reporter
from ml.settings import TrainSettings

SCORING_BATCH = 256


@dataclass(frozen=True)
class Task:
    """What one net is to learn from."""

    title: str
    """For people: `ResNet50`."""
    images: Images
    norm: Normalisation
    labels: NDArray[np.int64]
    """Class index of every row of the pack, -1 where unknown."""
    train: Rows
    validate: Rows
    settings: TrainSettings
    seed: int
    checkpoint: Path

    @property
    def identity(self) -> str:
        """Names all that shapes the training: a checkpoint of anything else is not resumed."""
        told = json.dumps(
            [self.title, asdict(self.settings), asdict(self.norm), self.seed, self.images.input_size]
        )
        digest = hashlib.sha256(told.encode())
        for rows in (self.train, self.validate, self.labels):
            digest.update(rows.tobytes())
        return digest.hexdigest()


def pick_device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def fit(task: Task, net: nn.Module, reporter: Reporter, series: str) -> TrainState:
    """Train `net` in place and leave it at its best epoch, the one of the lowest validation loss.

    Resumes from `task.checkpoint` when that belongs to the same task. Raise NotFiniteError when the loss or the
    weights stop being finite numbers.
    """
    net.to(task.images.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = make_optimizer(net, task.settings)
    resumed = load_checkpoint(task.checkpoint, net, optimizer, task.identity)
    state, best = resumed or (TrainState(), copy_of(net))
    reporter.skip(state.epoch * len(task.train) * TRAINING_COST)
    due = time.monotonic() + task.settings.checkpoint_every_s
    while state.epoch < task.settings.epochs:
        started = time.monotonic()
        entry = _one_epoch(task, net, optimizer, state.epoch, reporter) | evaluate(task, net, task.validate)
        state.epoch += 1
        state.history.append(entry)
        state.seconds += time.monotonic() - started
        _check_finite(task.title, net, entry)
        if entry["val_loss"] < state.best_loss:
            state.best_loss, state.best_epoch, best = entry["val_loss"], state.epoch, copy_of(net)
        reporter.metric(series, state.epoch, **entry)
        if time.monotonic() >= due and state.epoch < task.settings.epochs:
            began = time.monotonic()
            save_checkpoint(task.checkpoint, state, net, best, optimizer, task.identity)
            due = next_checkpoint_at(began, time.monotonic(), task.settings.checkpoint_every_s)
    net.load_state_dict(best)
    return state


def make_optimizer(net: nn.Module, settings: TrainSettings) -> Optimizer:
    if settings.optimizer == "adam":
        return Adam(net.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
    return SGD(
        net.parameters(),
        settings.learning_rate,
        settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=settings.momentum > 0,
    )


def copy_of(net: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in net.state_dict().items()}


def rate_at(settings: TrainSettings, epoch: float) -> float:
    """The learning rate at a point in time, in epochs: a climb from zero, then a straight line down."""
    fallen = 1 - (1 - settings.final_rate) * min(epoch / settings.epochs, 1)
    climbed = min(epoch / settings.warmup_epochs, 1) if settings.warmup_epochs else 1.0
    return settings.learning_rate * fallen * climbed


def _one_epoch(
    task: Task, net: nn.Module, optimizer: Optimizer, epoch: int, reporter: Reporter
) -> dict[str, float]:
    settings = task.settings
    seed = task.seed * 1_000_003 + epoch
    torch.manual_seed(seed)
    dice = torch.Generator().manual_seed(seed)
    order = task.train[torch.randperm(len(task.train), generator=dice).numpy()]
    parts = list(batches(order, settings.batch_size))
    net.train()
    total, right = 0.0, 0
    for step, rows in enumerate(parts):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(settings, epoch + (step + 1) / len(parts))
        images = normalise(augment(task.images.batch(rows), settings.augmentation, dice), task.norm)
        targets = torch.from_numpy(task.labels[rows]).to(images.device)
        logits = net(images)
        loss = loss_of(logits, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        value = loss.item()
        if not math.isfinite(value):
            raise NotFiniteError(_not_finite(task.title))
        total += value * len(rows)
        right += int((predicted(logits) == targets).sum())
        place = {"epoch": epoch + 1, "epochs": settings.epochs}
        reporter.advance(task.title, len(rows), cost=TRAINING_COST, loss=round(value, 4), **place)
    return {"train_loss": total / len(order), "train_accuracy": right / len(order)}


def loss_of(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy for a single logit, cross-entropy for one logit a class."""
    if logits.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(logits[:, 0], targets.float())
    return F.cross_entropy(logits, targets)


def predicted(logits: Tensor) -> Tensor:
    return (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(1)


def probabilities(logits: Tensor) -> Tensor:
    """`[B, K]`; a single logit is the second class's."""
    if logits.shape[1] == 1:
        second = torch.sigmoid(logits)
        return torch.cat([1 - second, second], dim=1)
    return torch.softmax(logits, dim=1)


@torch.inference_mode()
def evaluate(task: Task, net: nn.Module, rows: Rows) -> dict[str, float]:
    """Loss and accuracy on the validation rows, unaugmented."""
    net.eval()
    total, right = 0.0, 0
    for part in batches(rows, SCORING_BATCH):
        logits = net(normalise(task.images.batch(part), task.norm)).float()
        targets = torch.from_numpy(task.labels[part]).to(logits.device)
        total += loss_of(logits, targets).item() * len(part)
        right += int((predicted(logits) == targets).sum())
    return {"val_loss": total / len(rows), "val_accuracy": right / len(rows)}


@torch.inference_mode()
def score(
    images: Images,
    norm: Normalisation,
    net: nn.Module,
    rows: Rows,
    told: Callable[[int], None] = lambda _count: None,
) -> NDArray[np.float32]:
    """Return probabilities float32 `[len(rows), K]`, rows summing to 1; `told` hears of every batch's size.

    Raise NotFiniteError when the net gives anything but numbers.
    """
    net.eval()
    parts: list[NDArray[np.float32]] = []
    for part in batches(rows, SCORING_BATCH):
        parts.append(probabilities(net(normalise(images.batch(part), norm)).float()).cpu().numpy())
        told(len(part))
    scores = np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
    if not np.isfinite(scores).all():
        raise NotFiniteError("A trained model gave scores that are not numbers; it was not kept.")
    return scores


def _check_finite(title: str, net: nn.Module, entry: dict[str, float]) -> None:
    weights = [value for value in net.state_dict().values() if value.is_floating_point()]
    if not all(map(math.isfinite, [*entry.values(), nn.utils.get_total_norm(weights).item()])):
        raise NotFiniteError(_not_finite(title))


def _not_finite(title: str) -> str:
    return f"{title} stopped giving finite numbers while training; a lower learning rate usually helps."
