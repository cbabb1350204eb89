"""The recipe's labelers: different kinds of model, since models of one kind share their mistakes.

Each trains once a fold, on all labelled images but that fold's, and so judges every labelled image by a model
that has not seen it. All other images are judged by models that have seen all answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ml.data import Rows, batches
from ml.finetune import Told, features_of, start_net
from ml.hog import hog
from ml.linear import MOST_EXAMPLES, Floats, KernelMachine
from ml.small import SmallImages

AT_ONCE = 2048


@dataclass(frozen=True)
class Lesson:
    """What is known: labelled rows of the pack, their class indices, and the fold of each group."""

    rows: Rows
    labels: NDArray[np.int64]
    fold_of: NDArray[np.int64]
    """`[N]`, of every image: the fold of its group, -1 where that has no answer."""
    classes: int
    seed: int

    @property
    def folds(self) -> NDArray[np.int64]:
        """Of the labelled rows."""
        folds: NDArray[np.int64] = self.fold_of[self.rows]
        return folds

    def without(self, fold: int) -> tuple[Rows, NDArray[np.int64]]:
        """Return the rows and labels that this fold's model learns from."""
        kept = self.folds != fold
        return self.rows[kept], self.labels[kept]

    def of(self, fold: int) -> Rows:
        held: Rows = self.rows[self.folds == fold]
        return held

    @property
    def numbers(self) -> range:
        return range(int(self.folds.max()) + 1)


Judge = Callable[[Rows], Floats]
"""Takes rows of the pack, returns their logits `[len(rows), K]`."""
Learn = Callable[[Rows, NDArray[np.int64]], Judge]


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
        """Return logits float32 `[N, K]` of every image; of an answered one, what a model unaware of it says."""
        ...


@dataclass(frozen=True)
class FeatureView:
    """A kernel machine on what pretraining learnt: at few answers it errs less than logistic regression."""

    features: Floats
    """`[2, N, D]`, of every image and of its mirror image; standardised."""
    penalty: float = 3.0
    sharpness: float = 0.15
    name: str = "features"
    title: str = "Learnt features"
    trust: float = 0.25

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        return _judged_by_likeness(self.features.mean(0), self.penalty, self.sharpness, lesson, told)


@dataclass(frozen=True)
class EdgeView:
    """A kernel machine on histograms of edges, which has nothing from pretraining."""

    histograms: NDArray[np.float16]
    """`[2, N, D]`, of every image and of its mirror image; halves, since there may be 100,000."""
    name: str = "edges"
    title: str = "Edges"
    trust: float = 0.1

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        def learn(rows: Rows, labels: NDArray[np.int64]) -> Judge:
            rows, labels = _some(rows, labels, MOST_EXAMPLES // 2, lesson.seed)
            both = self.histograms[:, rows].reshape(-1, self.histograms.shape[2]).astype(np.float32)
            machine = KernelMachine(both, np.tile(labels, 2), lesson.classes)
            return lambda wanted: np.mean([machine(side[wanted]) for side in self.histograms], 0, np.float32)

        return cross_judged(lesson, self.histograms.shape[1], learn, told)


@dataclass(frozen=True)
class PatchView:
    """A kernel machine on the kinds of small patches that the pile is made of."""

    features: Floats
    """`[N, D]`, the same for an image and its mirror image."""
    penalty: float = 10.0
    sharpness: float = 0.15
    name: str = "patches"
    title: str = "Patches"
    trust: float = 0.5

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        return _judged_by_likeness(self.features, self.penalty, self.sharpness, lesson, told)


def _judged_by_likeness(features: Floats, penalty: float, sharpness: float, lesson: Lesson, told: Told) -> Floats:
    def learn(rows: Rows, labels: NDArray[np.int64]) -> Judge:
        rows, labels = _some(rows, labels, MOST_EXAMPLES, lesson.seed)
        machine = KernelMachine(features[rows], labels, lesson.classes, penalty, sharpness)
        return lambda wanted: machine(features[wanted])

    return cross_judged(lesson, len(features), learn, told)


def _some(rows: Rows, labels: NDArray[np.int64], most: int, seed: int) -> tuple[Rows, NDArray[np.int64]]:
    """Return `most` of the rows with their labels, drawn by lot; all where they are no more."""
    if len(rows) <= most:
        return rows, labels
    picked = np.random.default_rng(seed).permutation(len(rows))[:most]
    return rows[picked], labels[picked]


def cross_judged(lesson: Lesson, count: int, learn: Learn, told: Told) -> Floats:
    """Return `[count, K]`: answered images by the model of the other folds, all others by one of all answers."""
    said: Floats = np.asarray(learn(lesson.rows, lesson.labels)(np.arange(count)), np.float32)
    for fold in lesson.numbers:
        said[lesson.of(fold)] = learn(*lesson.without(fold))(lesson.of(fold))
        told(len(lesson.of(fold)), 0)
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
