"""The one training loop, for every net: epochs, validation, the best epoch, checkpoints."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from ml.augment import augment
from ml.checkpoint import TrainState, load_checkpoint, next_checkpoint_at, save_checkpoint
from ml.data import Images, Normalisation, Rows, batches, normalise
from ml.device import reduced_precision
from ml.distort import LIVELY, distort
from ml.errors import NotFiniteError
from ml.losses import balanced_weights, loss_of, predicted
from ml.optimizing import average_of, make_optimizer, rate_at
from ml.parallel import ALONE, Team, gathered, size_for
from ml.report import TRAINING_COST, Reporter
from ml.scoring import SCORING_BATCH
from ml.settings import TrainSettings


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
    classes: Sequence[str] = ()
    """Their names, for a model that knows words."""

    @cached_property
    def class_weights(self) -> Tensor:
        return balanced_weights(torch.from_numpy(self.labels[self.train]), int(self.labels.max()) + 1)

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


class Learner:
    """All that training changes: the net, the average of its weights where one is kept, and the optimizer."""

    def __init__(self, net: nn.Module, settings: TrainSettings) -> None:
        self.net = net
        self.average: AveragedModel | None = average_of(net, settings)
        self.optimizer: Optimizer = make_optimizer(net, settings)
        self.trained: nn.Module = net
        """The net, or what stands around it where several processes train it."""
        self.best: dict[str, Tensor] = {}

    @property
    def judged(self) -> nn.Module:
        """What is validated and kept."""
        return self.average.module if self.average else self.net

    @property
    def nets(self) -> nn.Module:
        """What a checkpoint holds."""
        return nn.ModuleList([self.net, self.average]) if self.average else self.net

    def step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.net)

    def set_rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate


def fit_together(task: Task, net: nn.Module, reporter: Reporter, series: str) -> TrainState:
    """As `fit`, by as many processes as the settings want or the machine has GPUs."""
    settings, device = task.settings, task.images.device
    size = size_for(settings.processes, device, len(task.train), settings.batch_size)
    with gathered(size, device, Helper(task, net)) as team:
        return fit(task, net, reporter, series, team)


@dataclass(frozen=True)
class Helper:
    """What the other processes of a team do."""

    task: Task
    net: nn.Module

    def __call__(self, team: Team, device: torch.device) -> None:
        task = replace(self.task, images=replace(self.task.images, device=device))
        with Path(os.devnull).open("w") as nobody:
            fit(task, self.net, Reporter(1, nobody), "", team)


def fit(task: Task, net: nn.Module, reporter: Reporter, series: str, team: Team = ALONE) -> TrainState:
    """Train `net` in place and leave it at its best epoch, the one of the lowest validation loss.

    `series` names the curves; empty: there are none. Resumes from `task.checkpoint` when that belongs to the same
    task. Raise NotFiniteError when the loss or the weights stop being finite numbers.
    """
    settings = task.settings
    net.to(task.images.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    learner = Learner(net, settings)
    resumed = load_checkpoint(task.checkpoint, learner.nets, learner.optimizer, task.identity)
    state, learner.best = resumed or (TrainState(), copy_of(learner.judged))
    learner.trained = team.joined(net)
    reporter.skip(state.epoch * len(task.train) * TRAINING_COST)
    due = time.monotonic() + settings.checkpoint_every_s
    while not team.agree(over=_is_over(state, settings)):
        started = time.monotonic()
        entry = _one_epoch(task, learner, state.epoch, reporter, team)
        state.epoch += 1
        if not team.leads:
            continue
        entry |= evaluate(task, learner.judged, task.validate)
        state.seconds += time.monotonic() - started
        _take_note(task, learner, state, entry)
        if series:
            reporter.metric(series, state.epoch, **entry)
        if time.monotonic() >= due and not _is_over(state, settings):
            began = time.monotonic()
            save_checkpoint(task.checkpoint, state, learner.nets, learner.best, learner.optimizer, task.identity)
            due = next_checkpoint_at(began, time.monotonic(), settings.checkpoint_every_s)
    reporter.skip((settings.epochs - state.epoch) * len(task.train) * TRAINING_COST)
    net.load_state_dict(learner.best)
    return state


def _take_note(task: Task, learner: Learner, state: TrainState, entry: dict[str, float]) -> None:
    """Add the epoch to the history, and keep what was learnt if nothing was better before."""
    state.history.append(entry)
    _check_finite(task.title, learner.judged, entry)
    if entry["val_loss"] < state.best_loss:
        state.best_loss, state.best_epoch = entry["val_loss"], state.epoch
        learner.best = copy_of(learner.judged)


def _is_over(state: TrainState, settings: TrainSettings) -> bool:
    waited = state.epoch - state.best_epoch
    return state.epoch >= settings.epochs or bool(settings.patience and waited >= settings.patience)


def copy_of(net: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in net.state_dict().items()}


def _one_epoch(task: Task, learner: Learner, epoch: int, reporter: Reporter, team: Team) -> dict[str, float]:
    """Train once on everything; a member of a team takes its share of every batch, and throws its own dice."""
    settings = task.settings
    seed = task.seed * 1_000_003 + epoch
    dice = Generator().manual_seed(seed)
    order = task.train[torch.randperm(len(task.train), generator=dice).numpy()]
    parts = [team.share(part) for part in batches(order, settings.batch_size)]
    torch.manual_seed(seed + team.rank)
    if not team.leads:
        dice.manual_seed(seed + team.rank)
    learner.trained.train()
    seen, total, right = 0, 0.0, 0
    for step, rows in enumerate(parts):
        learner.set_rate(rate_at(settings, epoch + (step + 1) / len(parts)))
        images = training_view(task, rows, dice)
        targets = torch.from_numpy(task.labels[rows]).to(images.device)
        logits, loss = _answer(task, learner.trained, images, targets, dice)
        learner.step(loss)
        value = loss.item()
        if team.leads and not math.isfinite(value):
            raise NotFiniteError(_not_finite(task.title))
        seen += len(rows)
        total += value * len(rows)
        right += int((predicted(logits) == targets).sum())
        place = {"epoch": epoch + 1, "epochs": settings.epochs}
        reporter.advance(task.title, len(rows) * team.size, cost=TRAINING_COST, loss=round(value, 4), **place)
    return {"train_loss": total / seen, "train_accuracy": right / seen}


def training_view(task: Task, rows: Rows, dice: Generator) -> Tensor:
    """Return the images `[B, 3, S, S]` as the net sees them in training, each by its own dice."""
    images = task.images.batch(rows)
    if task.settings.augmentation == "distort":
        bent = distort(normalise(images, task.norm), LIVELY.times(task.settings.strength), dice)
        return bent.contiguous(memory_format=torch.channels_last)
    return normalise(augment(images, task.settings.augmentation, dice), task.norm)


def _answer(
    task: Task, net: nn.Module, images: Tensor, targets: Tensor, dice: Generator
) -> tuple[Tensor, Tensor]:
    """Return logits and loss, of mixed pairs where the settings say so."""
    settings = task.settings
    weights = task.class_weights.to(images.device) if settings.balanced else None
    if not settings.mixup:
        logits = _forward(net, images)
        return logits, loss_of(logits, targets, smoothing=settings.smoothing, class_weights=weights)
    share = float(torch.distributions.Beta(settings.mixup, settings.mixup).sample())
    share = max(share, 1 - share)
    partner = torch.randperm(len(images), generator=dice).to(images.device)
    logits = _forward(net, images * share + images[partner] * (1 - share))
    losses = [
        loss_of(logits, wanted, smoothing=settings.smoothing, class_weights=weights)
        for wanted in (targets, targets[partner])
    ]
    return logits, losses[0] * share + losses[1] * (1 - share)


def _forward(net: nn.Module, images: Tensor) -> Tensor:
    with reduced_precision(images.device):
        logits: Tensor = net(images)
    return logits.float()


@torch.inference_mode()
def evaluate(task: Task, net: nn.Module, rows: Rows) -> dict[str, float]:
    """Loss and accuracy on the validation rows, unaugmented."""
    net.eval()
    total, right = 0.0, 0
    for part in batches(rows, SCORING_BATCH):
        logits = _forward(net, normalise(task.images.batch(part), task.norm))
        targets = torch.from_numpy(task.labels[part]).to(logits.device)
        total += loss_of(logits, targets).item() * len(part)
        right += int((predicted(logits) == targets).sum())
    return {"val_loss": total / len(rows), "val_accuracy": right / len(rows)}


def _check_finite(title: str, net: nn.Module, entry: dict[str, float]) -> None:
    weights = [value for value in net.state_dict().values() if value.is_floating_point()]
    if not all(map(math.isfinite, [*entry.values(), nn.utils.get_total_norm(weights).item()])):
        raise NotFiniteError(_not_finite(title))


def _not_finite(title: str) -> str:
    return f"{title} stopped giving finite numbers while training; a lower learning rate usually helps."
