"""The recipe's labelers: different kinds of model, since models of one kind share their mistakes.

Each trains once a fold, on all labelled images but that fold's. So every labelled image is judged by a model that
has not seen it, and every other image by all of them together.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.compact import CompactNet
from ml.data import Rows, batches
from ml.finetune import FinetuneSettings, Told, features_of, finetune, logits_of, start_net
from ml.hog import hog
from ml.linear import MOST_EXAMPLES, Floats, KernelMachine, logistic
from ml.small import SmallImages

AT_ONCE = 2048


@dataclass(frozen=True)
class Lesson:
    """What is known: labelled rows of the pack, their class indices, and each one's fold."""

    rows: Rows
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    classes: int
    seed: int

    def without(self, fold: int) -> tuple[Rows, NDArray[np.int64]]:
        """Return the rows and labels that this fold's model learns from."""
        kept = self.folds != fold
        return self.rows[kept], self.labels[kept]

    @property
    def numbers(self) -> range:
        return range(int(self.folds.max()) + 1)


class View(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def trust(self) -> float:
        """Its part in what is said before it has proved anything; all parts together are 1."""
        ...

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        """Return logits float32 `[F, N, K]`: what each fold's model says of every image of the pack."""
        ...


@dataclass(frozen=True)
class CompactView:
    """The pretrained compact net, fine-tuned; several folds' nets train at once, on a core each."""

    images: SmallImages
    weights: dict[str, Tensor]
    settings: FinetuneSettings
    workers: int
    name: str = "compact"
    title: str = "Compact net"
    trust: float = 0.6

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        lock = threading.Lock()

        def told_in_turn(images: int, cost: float) -> None:
            with lock:
                told(images, cost)

        def train(fold: int, net: CompactNet) -> Floats:
            rows, labels = lesson.without(fold)
            seed = lesson.seed * 1009 + fold
            finetune(net, self.images, rows, labels, self.settings, seed, told_in_turn)
            return logits_of(net, self.images, np.arange(len(self.images)), told_in_turn)

        seeds = (lesson.seed * 1009 + fold for fold in lesson.numbers)
        nets = [start_net(self.images, lesson.classes, self.weights, seed) for seed in seeds]
        with (
            _threads(1),
            ThreadPoolExecutor(self.workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
        ):
            return np.stack(list(pool.map(train, lesson.numbers, nets)))


class _threads:  # noqa: N801  used as a function
    """So many threads an operation while the block runs."""

    def __init__(self, count: int) -> None:
        self._count, self._usual = count, torch.get_num_threads()

    def __enter__(self) -> None:
        torch.set_num_threads(self._count)

    def __exit__(self, *_error: object) -> None:
        torch.set_num_threads(self._usual)


@dataclass(frozen=True)
class FeatureView:
    """Logistic regression on what pretraining learnt."""

    features: Floats
    """`[2, N, D]`, of every image and of its mirror image; standardised."""
    strength: float = 0.1
    name: str = "features"
    title: str = "Learnt features"
    trust: float = 0.2

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        return np.stack([self._of(*lesson.without(fold), lesson.classes, told) for fold in lesson.numbers])

    def _of(self, rows: Rows, labels: NDArray[np.int64], classes: int, told: Told) -> Floats:
        weights = logistic(self.features[:, rows].mean(0), labels, classes, self.strength)
        told(len(self.features[0]), 0)
        logits: Floats = self.features.mean(0) @ weights[:-1] + weights[-1]
        return logits


@dataclass(frozen=True)
class EdgeView:
    """A kernel machine on histograms of edges, which has nothing from pretraining."""

    histograms: NDArray[np.float16]
    """`[2, N, D]`, of every image and of its mirror image; halves, since there may be 100,000."""
    name: str = "edges"
    title: str = "Edges"
    trust: float = 0.2

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        return np.stack([self._of(*lesson.without(fold), lesson, told) for fold in lesson.numbers])

    def _of(self, rows: Rows, labels: NDArray[np.int64], lesson: Lesson, told: Told) -> Floats:
        if len(rows) > MOST_EXAMPLES // 2:
            picked = np.random.default_rng(lesson.seed).permutation(len(rows))[: MOST_EXAMPLES // 2]
            rows, labels = rows[picked], labels[picked]
        both = self.histograms[:, rows].reshape(-1, self.histograms.shape[2]).astype(np.float32)
        machine = KernelMachine(both, np.tile(labels, 2), lesson.classes)
        told(len(self.histograms[0]), 0)
        said: Floats = np.mean([machine(side) for side in self.histograms], axis=0, dtype=np.float32)
        return said


def learnt_features(images: SmallImages, weights: dict[str, Tensor], told: Told) -> Floats:
    """Return float32 `[2, N, FEATURES]`, each feature with mean 0 and deviation 1 over the pack."""
    features = features_of(start_net(images, 2, weights, 0), images, told)
    deviation = features[0].std(0)
    scale = np.where(deviation > 1e-6, deviation, 1).astype(np.float32)
    scaled: Floats = ((features - features[0].mean(0)) / scale).astype(np.float32)
    return scaled


def edge_histograms(images: SmallImages) -> NDArray[np.float16]:
    """Return `[2, N, D]`, of every image and of its mirror image."""
    parts: list[tuple[NDArray[np.float16], ...]] = []
    for rows in batches(np.arange(len(images)), AT_ONCE):
        seen = images.batch(rows)
        parts.append((hog(seen).astype(np.float16), hog(seen.flip(-1)).astype(np.float16)))
    return np.stack([np.concatenate([part[side] for part in parts]) for side in (0, 1)])
