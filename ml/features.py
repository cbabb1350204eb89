"""Frozen features: a body as it was learnt elsewhere, under a head that scikit-learn makes of the labels."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml.backbone_spec import Backbone
from ml.checkpoint import TrainState
from ml.contract import Manifest
from ml.data import Rows, batches, normalise
from ml.device import reduced_precision
from ml.engine import Task, evaluate
from ml.errors import NotFiniteError
from ml.headless import headless
from ml.heads import HEADS, ClustersHead, Floats, Learnt, Lesson, learn_head
from ml.pile import learn_pile
from ml.report import TRAINING_COST, Reporter
from ml.scoring import SCORING_BATCH


class Frozen(nn.Module):
    """A body that never learns, its features standardised as the training part's were, and a head."""

    def __init__(self, body: nn.Module, kind: str) -> None:
        super().__init__()
        self.body, self.kind = body.requires_grad_(requires_grad=False), kind
        self.scaler = Scaler()
        self.head = HEADS[kind]()

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.scaler(self.body(images).float()))
        return logits


class Scaler(Learnt):
    """Mean 0 and deviation 1 for every feature, by the training part."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def learnt(cls, lesson: Lesson) -> Scaler:
        scaler = cls()
        scaler.keep(mean=lesson.train.mean(0), deviation=lesson.train.std(0).clip(min=1e-6))
        return scaler

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.deviation


def features_backbone(name: str, title: str, of: Backbone, head: str) -> Backbone:
    """Return the classifier on the features of `of`."""

    def build(_outputs: int, side: int) -> nn.Module:
        return Frozen(headless(of.build(1, side), of.title), head)

    def load(net: nn.Module, folder: Path) -> None:
        assert isinstance(net, Frozen)  # noqa: S101  built above
        of.load(net.body, folder)

    own = None if of.pretrained else from_pile
    return replace(of, name=name, title=title, build=build, load=load, from_pile=own, teach=teach)


def teach(task: Task, net: nn.Module, reporter: Reporter, _series: str) -> TrainState:
    """Learn the head in place; the body stays as it is. Raise NotFiniteError."""
    assert isinstance(net, Frozen)  # noqa: S101  built above
    began = time.monotonic()
    net.to(task.images.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    seen = [_features(task, net.body, rows, reporter) for rows in (task.train, task.validate)]
    lesson = Lesson(
        seen[0], task.labels[task.train], seen[1], task.labels[task.validate], len(task.classes), task.seed
    )
    scaler = Scaler.learnt(lesson)
    with torch.inference_mode():
        scaled = [scaler(torch.from_numpy(part)).numpy() for part in seen]
        head = learn_head(net.kind, replace(lesson, train=scaled[0], validate=scaled[1]))
    net.scaler, net.head = scaler.to(task.images.device), head.to(task.images.device)
    entry = evaluate(task, net, task.validate)
    if isinstance(head, ClustersHead):
        entry["purity"] = head.purity
    reporter.skip((task.settings.epochs * TRAINING_COST - 1) * len(task.train) - len(task.validate))
    return TrainState(1, 1, entry["val_loss"], time.monotonic() - began, [entry])


@torch.inference_mode()
def _features(task: Task, body: nn.Module, rows: Rows, reporter: Reporter) -> Floats:
    body.eval()
    parts = []
    for part in batches(rows, SCORING_BATCH):
        with reduced_precision(task.images.device):
            parts.append(body(normalise(task.images.batch(part), task.norm)).float().cpu().numpy())
        reporter.advance(f"{task.title}: features", len(part))
    found: Floats = np.concatenate(parts)
    if not np.isfinite(found).all():
        raise NotFiniteError(f"{task.title} gave features that are not finite numbers.")
    return found


def from_pile(net: nn.Module, manifest: Manifest, pixels: NDArray[np.uint8], reporter: Reporter) -> bool:
    """Fill the body with what the project's own images teach it."""
    assert isinstance(net, Frozen)  # noqa: S101  built above
    learn_pile(net.body, manifest, pixels, reporter)
    return True
