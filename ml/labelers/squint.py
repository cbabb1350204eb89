"""The recipe `squint`: from the answers known so far to honest probabilities for all images.

Before the first answer it learns from the unlabelled pile. Then, every round: labelers of different kinds (four
of its own, and the named pair where its weights are at hand) learn from all answers, each is trusted as far as it
proves right on answers that it had not seen, the surest images are accepted, and the others are put in the order
in which a person should see them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ml.calibration import AT_RANDOM, fold_of_all, influence, make_folds, weigh
from ml.certainty import Certainty, likely
from ml.checkpoint import identity_of
from ml.compact_view import CompactView
from ml.contract import TARGET, Expected, LabelerReport, WrongShare
from ml.errors import RunError
from ml.finetune import FinetuneSettings
from ml.imagenet import Seen
from ml.labelers.evidence import (
    Answers,
    all_wrong_of,
    candidates_of,
    own_probabilities,
    reports_of,
    wrong_share_of,
)
from ml.likeness import write_features
from ml.linear import Floats
from ml.patches import patch_features
from ml.pretraining import Pretraining, PretrainSettings, pretrain
from ml.remembered import Memory
from ml.report import TRAINING_COST, Reporter
from ml.selection import accept, doubt, priorities
from ml.small import SmallImages
from ml.views import (
    EdgeView,
    Lesson,
    LikenessView,
    View,
    edge_histograms,
    learnt_features,
)

FEWEST_TO_PRETRAIN = 8
LENT_TRUST = 0.1
"""Of a net that learnt from other images: as little as the least of the others, until it proves more."""


@dataclass(frozen=True)
class SquintSettings:
    """Chosen once, on half of the eyes; a project has no truth to tune them on."""

    folds: int = 5
    steps: int = 90
    """Of each fold's compact net, before what the answers add."""
    pretrain_images: int = 240_000
    """Images looked at before the first answer, in all epochs together."""
    target: float = TARGET
    """The share of wrong labels that the accepted pile is to stay under: what is aimed at, no promise."""
    draws: int = 100
    """Likely calibrations, for the probabilities and their ranges."""
    threads: int = 0
    """CPU threads; 0: all cores."""

    def __post_init__(self) -> None:
        if (
            self.folds < 2
            or self.steps < 1
            or not 0 < self.target < 1
            or self.draws < 1
            or self.pretrain_images < 0
        ):
            raise RunError("The recipe needs at least 2 folds, 1 step, 1 draw, and a target between 0 and 1.")


@dataclass(frozen=True)
class Prepared:
    """What does not change with the answers."""

    images: SmallImages
    compact: CompactView
    others: list[View]
    features: Floats
    """`[N, D]`, in which near twins lie close."""

    @property
    def views(self) -> list[View]:
        return [self.compact, *self.others]


@dataclass(frozen=True)
class Opinion:
    """What a round has to say of all N images."""

    probability: Floats
    """`[N, K]`, rows summing to 1; of an answered image, what is thought without that answer."""
    accepted: NDArray[np.bool_]
    priority: Floats
    """`[N]` in 0..1, larger = ask sooner."""
    by_labeler: dict[str, Floats]
    """Each labeler's own probabilities `[N, K]`."""
    labelers: list[LabelerReport]
    accepted_wrong: WrongShare
    all_wrong: Expected
    notes: list[str] = field(default_factory=list)


def pretraining_of(images: SmallImages, folder: Path, name: str, settings: SquintSettings) -> Pretraining:
    return Pretraining(images, folder, name, PretrainSettings(seen=settings.pretrain_images))


def work_of(task: Pretraining, seen: Sequence[Seen], answers: int, settings: SquintSettings) -> float:
    """What preparing and one round take, in images scored."""
    waiting = task.work if len(task.images) >= FEWEST_TO_PRETRAIN else 0
    waiting += sum(net.work for net in seen)
    return waiting + 3 * len(task.images) + round_work(len(task.images), answers, settings)


def round_work(images: int, answers: int, settings: SquintSettings) -> float:
    tuning = FinetuneSettings(settings.steps)
    steps = tuning.steps_for(answers) + tuning.again().steps_for(answers)
    return settings.folds * (steps * tuning.batch_size * TRAINING_COST + 2 * images)


def prepare(task: Pretraining, seen: Sequence[Seen], settings: SquintSettings, reporter: Reporter) -> Prepared:
    """Learn from the unlabelled images, or take what was learnt before, and measure every image.

    `seen`: the nets whose weights are at hand.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    images = task.images
    weights = pretrain(task, reporter) if len(images) >= FEWEST_TO_PRETRAIN else {}
    features = learnt_features(
        images, weights, lambda count, cost: reporter.advance("measuring every image", count, cost=cost)
    )
    patches = patch_features(
        images, task.folder, task.name, lambda count: reporter.advance("measuring every image", count)
    )
    write_features(task.folder, features.mean(0))
    workers = 1 if images.device.type != "cpu" else settings.threads or os.cpu_count() or 1
    compact = CompactView(images, weights, FinetuneSettings(settings.steps), workers, _memory(task, settings))
    others: list[View] = [
        LikenessView(features.mean(0), "features", "Learnt features", trust=0.25, penalty=3.0),
        EdgeView(edge_histograms(images)),
        LikenessView(patches, "patches", "Patches", trust=0.5),
        *_lent(seen, reporter),
    ]
    return Prepared(images, compact, others, patches)


def _lent(seen: Sequence[Seen], reporter: Reporter) -> list[View]:
    def told(stage: str, count: int, cost: float) -> None:
        reporter.advance(stage, count, cost=cost)

    return [LikenessView(net.features(told), net.name, net.title, LENT_TRUST) for net in seen]


def _memory(task: Pretraining, settings: SquintSettings) -> Memory:
    tuning = asdict(FinetuneSettings(settings.steps))
    return Memory(task.folder, identity_of(task.identity, settings.folds, tuning))


def judge(
    prepared: Prepared,
    answers: Answers,
    classes: Sequence[str],
    settings: SquintSettings,
    seed: int,
    reporter: Reporter,
) -> Opinion:
    """Learn from the answers and judge every image. Raise RunError where they are too few to learn from."""
    lesson = _lesson(answers, len(classes), settings, seed)
    rows, labels = lesson.rows, lesson.labels
    if prepared.compact.recall(lesson):
        reporter.skip(round_work(len(answers.labels), len(rows), settings))
    said = np.stack([_judged(view, lesson, reporter) for view in prepared.views])
    reporter.advance("weighing the labelers", 0)
    times = np.where(answers.at_random[rows], AT_RANDOM, 1.0)
    weights = weigh(said[:, rows], labels, times, [view.trust for view in prepared.views])
    joined = np.tensordot(weights, said, 1).astype(np.float32)
    drawn = answers.by_lot
    beliefs = likely(joined[drawn], answers.labels[drawn], [answers.groups[row] for row in drawn], settings.draws)
    probability, others = _foretold(joined, beliefs)
    candidates, notes = candidates_of(probability, answers.labels, classes)
    notes += prepared.compact.notes(lesson)
    accepted = accept(1 - probability.max(1), candidates, settings.target)
    own = own_probabilities(prepared.views, said, rows, labels, times)
    reports = reports_of(prepared.views, own, influence(said, weights), answers)
    trusted = [own[report.name] for report in reports if report.weight > 0]
    return Opinion(
        probability,
        accepted,
        priorities(doubt(probability, trusted), prepared.features, rows),
        own,
        reports,
        wrong_share_of(probability, others, accepted, answers),
        all_wrong_of(others, answers),
        notes,
    )


def _lesson(answers: Answers, classes: int, settings: SquintSettings, seed: int) -> Lesson:
    rows, labels = answers.rows, answers.labels[answers.rows]
    groups = [answers.groups[row] for row in rows]
    _check(labels, groups)
    parts = min(settings.folds, len(set(groups)))
    folds = make_folds(rows, answers.labels.tolist(), answers.groups, parts, seed)
    numbers = np.unique(np.array(groups, str), return_inverse=True)[1]
    return Lesson(rows, labels, numbers, fold_of_all(rows, folds, answers.groups), classes, seed)


def _check(labels: NDArray[np.int64], groups: Sequence[str]) -> None:
    if len(np.unique(labels)) < 2:
        said = "There are no answers yet" if len(labels) == 0 else "All answers so far are of one class"
        raise RunError(f"{said}; the labelers can learn once there are answers of at least two classes.")
    if len(set(groups)) < 2:
        raise RunError("All answers so far belong to one group; the labelers need answers from at least two.")


def _judged(view: View, lesson: Lesson, reporter: Reporter) -> Floats:
    return view.judge(lesson, lambda count, cost: reporter.advance(view.title, count, cost=cost))


def _foretold(joined: Floats, beliefs: Sequence[Certainty]) -> tuple[Floats, NDArray[np.float64]]:
    """Return probabilities `[N, K]`, and each belief's chance that the likeliest class is wrong `[draws, N]`."""
    every = np.arange(len(joined)), joined.argmax(1)
    total = np.zeros(joined.shape)
    others = np.empty((len(beliefs), len(joined)))
    for place, belief in enumerate(beliefs):
        chances = belief.chances(joined)
        total += chances
        others[place] = 1 - chances[every]
    return (total / len(beliefs)).astype(np.float32), others
