"""How weights move: the optimizer, its rate over time, and the average of the weights on their way."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ml.settings import TrainSettings


def make_optimizer(net: nn.Module, settings: TrainSettings) -> Optimizer:
    if settings.optimizer == "sgd":
        return SGD(
            net.parameters(),
            settings.learning_rate,
            settings.momentum,
            weight_decay=settings.weight_decay,
            nesterov=settings.momentum > 0,
        )
    kind = AdamW if settings.optimizer == "adamw" else Adam
    return kind(net.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True)


def rate_at(settings: TrainSettings, epoch: float) -> float:
    """The learning rate at a point in time, in epochs: a climb from zero, then a line or half a cosine down."""
    share = min(epoch / settings.epochs, 1)
    if settings.schedule == "cosine":
        share = (1 - math.cos(math.pi * share)) / 2
    fallen = 1 - (1 - settings.final_rate) * share
    climbed = min(epoch / settings.warmup_epochs, 1) if settings.warmup_epochs else 1.0
    return settings.learning_rate * fallen * climbed


def average_of(net: nn.Module, settings: TrainSettings) -> AveragedModel | None:
    """Return the moving average of the net's weights, to be told of every step; None where unwanted."""
    if not settings.averaging:
        return None
    return AveragedModel(net, multi_avg_fn=partial(_average, settings.averaging), use_buffers=True)


def _average(decay: float, averaged: Any, current: Any, steps: Tensor | int) -> None:
    """Move on; the first steps count for more, else the average of a short training would be its beginning."""
    warmed = min(decay, (1 + int(steps)) / (10 + int(steps)))
    get_ema_multi_avg_fn(warmed)(averaged, current, steps)  # type: ignore[no-untyped-call]
