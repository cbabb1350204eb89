"""The pretrained compact net as a labeler: fine-tuned once a fold, and only every so many answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.compact import CompactNet
from ml.device import threads
from ml.finetune import FinetuneSettings, Told, finetune, logits_of, start_net
from ml.linear import Floats
from ml.remembered import Judgement, Memory
from ml.small import SmallImages
from ml.views import Lesson


@dataclass(frozen=True)
class CompactView:
    """Several folds' nets train at once, on a core each."""

    images: SmallImages
    weights: dict[str, Tensor]
    settings: FinetuneSettings
    workers: int
    memory: Memory
    name: str = "compact"
    title: str = "Compact net"
    trust: float = 0.15

    def judge(self, lesson: Lesson, told: Told) -> Floats:
        known = self.recall(lesson)
        if known is None:
            known = self._learn(lesson, told)
            self.memory.keep(known)
        return known.of(lesson.rows)

    def recall(self, lesson: Lesson) -> Judgement | None:
        """Return what an earlier round learnt, where the answers have hardly changed since."""
        known = self.memory.find()
        return known if known and known.fits(_taught(lesson), lesson.classes) else None

    def notes(self, lesson: Lesson) -> list[str]:
        """Say so where it has not learnt from all answers yet."""
        known = self.recall(lesson)
        learnt = int((known.taught >= 0).sum()) if known else len(lesson.rows)
        return [] if learnt == len(lesson.rows) else [f"The compact net learnt from {learnt} answers."]

    def _learn(self, lesson: Lesson, told: Told) -> Judgement:
        lock = threading.Lock()
        unseen = np.zeros((len(self.images), lesson.classes), np.float32)

        def told_in_turn(images: int, cost: float) -> None:
            with lock:
                told(images, cost)

        def train(fold: int, net: CompactNet) -> Floats:
            rows, labels = lesson.without(fold)
            seed = lesson.seed * 1009 + fold
            finetune(net, self.images, rows, labels, self.settings, seed, told_in_turn)
            held = np.flatnonzero(lesson.fold_of == fold)
            unseen[held] = logits_of(net, self.images, held, told_in_turn)
            finetune(net, self.images, lesson.rows, lesson.labels, self.settings.again(), seed + 1, told_in_turn)
            return logits_of(net, self.images, np.arange(len(self.images)), told_in_turn)

        seeds = (lesson.seed * 1009 + fold for fold in lesson.numbers)
        nets = [start_net(self.images, lesson.classes, self.weights, seed) for seed in seeds]
        with (
            threads(1),
            ThreadPoolExecutor(self.workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
        ):
            said: Floats = np.mean(list(pool.map(train, lesson.numbers, nets)), axis=0, dtype=np.float32)
        return Judgement(said, np.where(lesson.fold_of[:, None] < 0, said, unseen), _taught(lesson))


def _taught(lesson: Lesson) -> NDArray[np.int64]:
    taught = np.full(len(lesson.fold_of), -1, np.int64)
    taught[lesson.rows] = lesson.labels
    return taught
