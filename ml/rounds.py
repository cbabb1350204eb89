"""The runs of the recipe `squint`, from their manifest to their result."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ml.atlas import draw_map
from ml.contract import Manifest, RunResult
from ml.device import pick_device
from ml.errors import RunError
from ml.imagenet import Seen, seen_by_pair
from ml.labelers.evidence import Answers
from ml.labelers.squint import (
    Opinion,
    SquintSettings,
    judge,
    prepare,
    pretraining_of,
    work_of,
)
from ml.pretraining import Pretraining
from ml.report import Reporter
from ml.settings import with_overrides
from ml.small import shrink
from ml.training import environment, finish, open_pixels, save_arrays


def execute_round(folder: Path, manifest: Manifest) -> None:
    """Judge all images of the run; `DONE` is written last. Raise RunError with a sentence when it cannot be."""
    started = time.monotonic()
    answers = answers_of(manifest)
    settings, task, seen = opened(manifest)
    reporter = Reporter(work_of(task, seen, len(answers.rows), settings))
    prepared = prepare(task, seen, settings, reporter)
    _draw_map(task, reporter)
    opinion = judge(prepared, answers, manifest.classes, settings, manifest.seed, reporter)
    write_opinion(folder, manifest, opinion)
    counts = {"train": len(answers.rows), "val": 0, "test": 0}
    result = RunResult(
        [],
        counts,
        time.monotonic() - started,
        environment(manifest),
        opinion.notes,
        opinion.labelers,
        opinion.accepted_wrong,
        opinion.all_wrong,
    )
    finish(folder, result)


def execute_pretraining(folder: Path, manifest: Manifest) -> None:
    """Learn from the images alone, for the rounds to come; what was learnt lies beside the pack."""
    started = time.monotonic()
    settings, task, seen = opened(manifest)
    reporter = Reporter(work_of(task, seen, 0, settings))
    prepare(task, seen, settings, reporter)
    _draw_map(task, reporter)
    result = RunResult([], {}, time.monotonic() - started, environment(manifest), [])
    finish(folder, result)


def _draw_map(task: Pretraining, reporter: Reporter) -> None:
    reporter.advance("drawing the map of the images", 0)
    draw_map(task.folder)


def opened(manifest: Manifest) -> tuple[SquintSettings, Pretraining, list[Seen]]:
    settings = with_overrides(SquintSettings(), manifest.settings)
    pixels, folder, pack = open_pixels(manifest), Path(manifest.pack.path), manifest.pack.sha256
    task = pretraining_of(shrink(pixels, pick_device()), folder, pack, settings)
    return settings, task, seen_by_pair(pixels, Path(manifest.weights_dir), folder, pack)


def answers_of(manifest: Manifest) -> Answers:
    """Only what people said: labels that the recipe itself accepted before teach it nothing."""
    human = np.array([source == "human" for source in manifest.sources])
    labels = np.where(human, np.array(manifest.labels, np.int64), -1)
    drawn, audited = (np.array(told or [False] * len(labels)) for told in (manifest.at_random, manifest.audited))
    if not len(drawn) == len(audited) == len(labels):
        raise RunError("This run's description is damaged; please start it again.")
    return Answers(labels, manifest.groups, drawn & (labels >= 0), audited & (labels >= 0))


def write_opinion(folder: Path, manifest: Manifest, opinion: Opinion) -> None:
    own = {f"probs_{name}": values for name, values in opinion.by_labeler.items()}
    save_arrays(
        folder,
        {
            "image_ids": np.array(manifest.image_ids, np.int64),
            "probability": opinion.probability,
            "accepted": opinion.accepted,
            "priority": opinion.priority,
            **own,
        },
    )
