"""What scikit-learn makes of frozen features, as plain tensors: saved without a pickle, at home where nets are.

Every head gives logits whose softmax is its probability. What it cannot know by itself, how far to trust its own
scores, and its one setting, it learns from the validation part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]
SURENESS = np.geomspace(0.5, 2, 9)
"""By what logits may be multiplied: few validation images shall not make a head boundlessly sure."""
MOST_ROWS = 20_000
"""Of the training part, so many teach a head that has to remember rows."""


@dataclass(frozen=True)
class Lesson:
    """Features `[N, D]` and class indices `[N]` of the training and of the validation part."""

    train: Floats
    labels: NDArray[np.int64]
    validate: Floats
    wanted: NDArray[np.int64]
    classes: int
    seed: int

    def some(self) -> tuple[Floats, NDArray[np.int64]]:
        """Return at most `MOST_ROWS` rows of the training part, drawn by lot."""
        if len(self.train) <= MOST_ROWS:
            return self.train, self.labels
        rows = np.random.default_rng(self.seed).choice(len(self.train), MOST_ROWS, replace=False)
        return self.train[rows], self.labels[rows]


class Learnt(nn.Module):
    """All that was learnt is in buffers, which come back from a file as large as they became."""

    def keep(self, **values: Any) -> None:
        for name, value in values.items():
            self.register_buffer(name, torch.as_tensor(np.asarray(value)))

    def _load_from_state_dict(self, state: Mapping[str, Tensor], prefix: str, *rest: Any) -> None:
        for key, value in state.items():
            if key.startswith(prefix):
                self.register_buffer(key.removeprefix(prefix), torch.empty_like(value))
        super()._load_from_state_dict(state, prefix, *rest)


class Head(Learnt, ABC):
    """Takes features `[B, D]`, gives logits `[B, K]`."""

    sureness: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.keep(sureness=np.float32(1))

    @classmethod
    @abstractmethod
    def candidates(cls, lesson: Lesson) -> list[Head]:
        """Return the head, learnt with each value of its setting."""

    @abstractmethod
    def logits(self, features: Tensor) -> Tensor:
        """Return logits as they were learnt."""

    def forward(self, features: Tensor) -> Tensor:
        return self.logits(features) * self.sureness


class LogisticHead(Head):
    """Multinomial logistic regression."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def candidates(cls, lesson: Lesson) -> list[Head]:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  slow to import

        heads: list[Head] = []
        for strength in (0.001, 0.01, 0.1, 1.0):
            learnt = LogisticRegression(C=strength, max_iter=2000).fit(lesson.train, lesson.labels)
            head = cls()
            head.keep(**_linear(learnt, lesson.classes))
            heads.append(head)
        return heads

    def logits(self, features: Tensor) -> Tensor:
        return F.linear(features, self.weight, self.bias)


class SvmHead(Head):
    """A support vector machine with Gaussian kernel, one class against the rest, calibrated as Platt did."""

    points: Tensor
    duals: Tensor
    offsets: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def candidates(cls, lesson: Lesson) -> list[Head]:
        from sklearn.svm import SVC  # noqa: PLC0415

        train, labels = lesson.some()
        sides = [1] if lesson.classes == 2 else range(lesson.classes)
        heads: list[Head] = []
        for strength in (0.3, 1.0, 3.0, 10.0):
            machines = [SVC(C=strength, gamma=1 / train.shape[1]).fit(train, labels == c) for c in sides]
            head = cls()
            head.keep(
                points=np.concatenate([m.support_vectors_ for m in machines]).astype(np.float32),
                duals=_blocks([m.dual_coef_[0] for m in machines]),
                offsets=np.array([m.intercept_[0] for m in machines], np.float32),
            )
            head.calibrate(lesson)
            heads.append(head)
        return heads

    def calibrate(self, lesson: Lesson) -> None:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

        sides = self.sides(torch.from_numpy(lesson.validate)).numpy()
        learnt = LogisticRegression(C=10.0).fit(sides, lesson.wanted)
        self.keep(**_linear(learnt, lesson.classes))

    def sides(self, features: Tensor) -> Tensor:
        """Return how far on the class's side of the border each image lies."""
        distances = features.square().sum(1, keepdim=True) + self.points.square().sum(1)
        distances = (distances - 2 * features @ self.points.T).clamp(min=0)
        return torch.exp(-distances / features.shape[1]) @ self.duals.T + self.offsets

    def logits(self, features: Tensor) -> Tensor:
        return F.linear(self.sides(features), self.weight, self.bias)


class KnnHead(Head):
    """The labels of the nearest training images, by the angle between features."""

    points: Tensor
    answers: Tensor
    neighbours: Tensor
    """As many ones as are asked: a length is known when the net is traced for other programs, a number is not."""

    @classmethod
    def candidates(cls, lesson: Lesson) -> list[Head]:
        train, labels = lesson.some()
        heads: list[Head] = []
        for neighbours in sorted({min(count, len(train)) for count in (1, 5, 10, 20, 50)}):
            head = cls()
            head.keep(
                points=train / np.linalg.norm(train, axis=1, keepdims=True).clip(min=1e-6),
                answers=np.eye(lesson.classes, dtype=np.float32)[labels],
                neighbours=np.ones(neighbours, np.int64),
            )
            heads.append(head)
        return heads

    def logits(self, features: Tensor) -> Tensor:
        near = (F.normalize(features, dim=1) @ self.points.T).topk(len(self.neighbours), dim=1).indices
        return _log_shares(self.answers[near].sum(1), self.answers.mean(0))


class ClustersHead(Head):
    """k-means without labels; then every cluster says what its training images are."""

    points: Tensor
    answers: Tensor

    @classmethod
    def candidates(cls, lesson: Lesson) -> list[Head]:
        from sklearn.cluster import KMeans  # noqa: PLC0415

        heads: list[Head] = []
        for count in sorted({min(times * lesson.classes, len(lesson.train)) for times in (1, 5, 20)}):
            found = KMeans(count, n_init=3, random_state=lesson.seed).fit(lesson.train)
            answers = np.zeros((count, lesson.classes), np.float32)
            np.add.at(answers, (found.labels_, lesson.labels), 1)
            head = cls()
            head.keep(points=found.cluster_centers_.astype(np.float32), answers=answers)
            heads.append(head)
        return heads

    @property
    def purity(self) -> float:
        """The share of the training images that are of their cluster's most frequent class."""
        return float(self.answers.amax(1).sum() / self.answers.sum())

    def logits(self, features: Tensor) -> Tensor:
        # The squared distance, less the part that is the same for every cluster: ONNX has no `cdist`.
        nearest = ((self.points**2).sum(1) - 2 * features @ self.points.T).argmin(1)
        return _log_shares(self.answers[nearest], self.answers.sum(0) / self.answers.sum())


HEADS: dict[str, type[Head]] = {"svm": SvmHead, "logreg": LogisticHead, "knn": KnnHead, "kmeans": ClustersHead}


def learn_head(kind: str, lesson: Lesson) -> Head:
    """Return the candidate, as sure of itself as may be, that finds the validation labels most probable."""
    seen, wanted = torch.from_numpy(lesson.validate), torch.from_numpy(lesson.wanted)
    tried = [(head, head(seen)) for head in HEADS[kind].candidates(lesson)]
    head, logits = min(tried, key=lambda pair: F.cross_entropy(pair[1], wanted).item())
    best = min(SURENESS, key=lambda times: F.cross_entropy(logits * times, wanted).item())
    head.keep(sureness=np.float32(best))
    return head


def _linear(learnt: Any, classes: int) -> dict[str, Floats]:
    """Return one row of weights a class, also where scikit-learn has one for two, or has not seen a class."""
    weight = np.zeros((classes, learnt.coef_.shape[1]), np.float32)
    bias = np.full(classes, -20.0, np.float32)
    rows, offsets = learnt.coef_, learnt.intercept_
    if len(learnt.classes_) == 2:
        rows, offsets = np.concatenate([-rows, rows]) / 2, np.concatenate([-offsets, offsets]) / 2
    weight[learnt.classes_], bias[learnt.classes_] = rows, offsets
    return {"weight": weight, "bias": bias}


def _blocks(rows: list[NDArray[np.float64]]) -> Floats:
    """Return `[K, N]`: each machine's weights at its own support vectors, 0 at the others'."""
    whole = np.zeros((len(rows), sum(map(len, rows))), np.float32)
    start = 0
    for index, row in enumerate(rows):
        whole[index, start : start + len(row)] = row
        start += len(row)
    return whole


def _log_shares(counts: Tensor, usual: Tensor) -> Tensor:
    """Log of each class's share, as if one more image of the usual mixture had been counted."""
    return ((counts + usual) / (counts.sum(1, keepdim=True) + 1)).clamp(min=1e-6).log()
