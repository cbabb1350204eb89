"""The recipe's labelers: different kinds of model, since models of one kind share their mistakes.

Each judges every labelled image by a model that has seen no answer of its group, and all other images by models
that have seen all answers.
"""

from __future__ import annotations

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
    """What is known: labelled rows of the pack, their class indices, and the group and fold of each."""

    rows: Rows
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    """Numbers of the labelled rows' groups."""
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


class View(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def trust(self) -> float:
        """Its part in what is said before it has proved anything, measured by the others' parts."""
        ...

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        """Return logits float32 `[N, K]` of every image; of an answered one, what a model unaware of it says."""
        ...


@dataclass(frozen=True)
class LikenessView:
    """A kernel machine on features that are the same for an image and its mirror image.

    At few answers it errs less than logistic regression.
    """

    features: Floats
    """`[N, D]`."""
    name: str
    title: str
    trust: float
    penalty: float = 10.0
    sharpness: float = 0.15

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        learnt = _some(lesson, MOST_EXAMPLES)
        examples = self.features[lesson.rows[learnt]]
        machine = KernelMachine(examples, lesson.labels[learnt], lesson.classes, self.penalty, self.sharpness)
        unaware = machine.unaware(self.features[lesson.rows], lesson.groups, lesson.groups[learnt])
        return _joined(machine(self.features), unaware, lesson, told)


@dataclass(frozen=True)
class EdgeView:
    """A kernel machine on histograms of edges, which has nothing from pretraining."""

    histograms: NDArray[np.float16]
    """`[2, N, D]`, of every image and of its mirror image; halves, since there may be 100,000."""
    name: str = "edges"
    title: str = "Edges"
    trust: float = 0.1

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        learnt = _some(lesson, MOST_EXAMPLES // 2)
        rows = lesson.rows[learnt]
        both = self.histograms[:, rows].reshape(-1, self.histograms.shape[2]).astype(np.float32)
        machine = KernelMachine(both, np.tile(lesson.labels[learnt], 2), lesson.classes)
        said = [machine(side) for side in self.histograms]
        of_examples = np.tile(lesson.groups[learnt], 2)
        unaware = [machine.unaware(side[lesson.rows], lesson.groups, of_examples) for side in self.histograms]
        return _joined(np.mean(said, 0, np.float32), np.mean(unaware, 0, np.float32), lesson, told)


def _some(lesson: Lesson, most: int) -> NDArray[np.int64]:
    """Return places of `most` labelled rows, drawn by lot; of all where they are no more."""
    every = np.arange(len(lesson.rows))
    return every if len(every) <= most else np.random.default_rng(lesson.seed).permutation(every)[:most]


def _joined(said: Floats, unaware: Floats, lesson: Lesson, told: Told) -> Floats:
    said[lesson.rows] = unaware
    told(len(lesson.rows), 0)
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
