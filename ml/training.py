"""A run from its manifest to its result: split, train each model, write it all down. `DONE` is written last."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml import rundir
from ml.backbones import get_backbone
from ml.beside import share_of, train_side_by_side
from ml.contract import Manifest, RunResult, TrainedModel
from ml.device import pick_device
from ml.errors import RunError
from ml.findings.writing import write_findings
from ml.learning import Run, fetch_weights, scores_of, settings_of, train_one, work_of
from ml.metrics import summarise
from ml.parts import labelled, split, split_folds, write_splits
from ml.pixels import load_pack
from ml.report import Reporter
from ml.wording import listed


def execute(folder: Path, only: str = "") -> None:
    """Carry out the run that `folder`'s manifest describes; `only` trains that model and leaves the rest.

    Raise RunError with a sentence when it cannot be.
    """
    started = time.monotonic()
    manifest = read_manifest(folder)
    if manifest.recipe == "squint":
        from ml.rounds import execute_pretraining, execute_round  # noqa: PLC0415  they build on this module

        (execute_round if manifest.kind == "label" else execute_pretraining)(folder, manifest)
        return
    if threads := settings_of(manifest, manifest.models[0]).threads:
        torch.set_num_threads(threads)
    if manifest.kind == "tune":
        from ml.tuning import search  # noqa: PLC0415  for the few

        splits = search(folder, manifest, open_pixels(manifest))
        took = time.monotonic() - started
        finish(folder, RunResult([], splits.counts, took, environment(manifest), []))
        return
    run = open_run(folder, manifest)
    share = share_of(run)
    if only:
        torch.set_num_threads(share or torch.get_num_threads())
        train_one(run, only)
        return
    fetch_weights(run)
    models = train_side_by_side(run, share) if share else [train_one(run, name) for name in manifest.models]
    scores = {name: scores_of(run, name) for name in manifest.models}
    if manifest.kind == "bakeoff":
        models = [judge(run, model, scores[model.name]) for model in models]
    write_predictions(run, scores)
    if manifest.kind == "bakeoff":
        run.reporter.advance("doubtful labels, leaks and slices", 0)
        write_findings(folder, manifest, run.pixels)
    counts = {**run.splits.counts, **({"test": len(run.scored)} if run.folds else {})}
    result = RunResult(models, counts, time.monotonic() - started, environment(manifest), notes(run, models))
    finish(folder, result)


def finish(folder: Path, result: RunResult) -> None:
    """Say that the run is over; checkpoints are of no more use."""
    rundir.write_text(folder / rundir.RESULT, result.to_json())
    shutil.rmtree(folder / rundir.CHECKPOINTS, ignore_errors=True)
    rundir.write_text(folder / rundir.DONE, "")


def read_manifest(folder: Path) -> Manifest:
    text = (folder / rundir.MANIFEST).read_text("utf-8")
    try:
        manifest = Manifest.from_json(text)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise RunError("This run's description is damaged; please start it again.") from error
    except ValueError as error:
        raise RunError(f"{error} Please start it again.") from error
    if not manifest.models and manifest.recipe == "founding":
        raise RunError("No model was chosen to be trained.")
    return manifest


def open_pixels(manifest: Manifest) -> NDArray[np.uint8]:
    """Return the pack's pixels `[N, H, W, C]`; raise RunError where they are damaged or not this manifest's."""
    try:
        pixels = load_pack(Path(manifest.pack.path))
    except (ValueError, EOFError) as error:
        raise RunError("The packed images of this run are damaged; please start it again.") from error
    if pixels.ndim != 4 or len(pixels) != len(manifest.image_ids):
        raise RunError("The packed images do not fit this run's list; please start it again.")
    return pixels


def open_run(folder: Path, manifest: Manifest) -> Run:
    pixels = open_pixels(manifest)
    splits, folds = split(manifest), split_folds(manifest)
    write_splits(folder, manifest, splits, folds)
    judged = labelled(manifest) if folds else splits.test
    scored = np.arange(len(pixels)) if manifest.kind == "label" else judged
    trainings = [*folds, splits]
    work = sum(work_of(settings_of(manifest, name), each) for name in manifest.models for each in trainings)
    total = work + len(manifest.models) * len(scored)
    return Run(folder, manifest, pixels, splits, folds, scored, Reporter(total))


def judge(run: Run, model: TrainedModel, scores: NDArray[np.float32]) -> TrainedModel:
    """Return the model with its figures on images that the models which scored them had never looked at."""
    run.reporter.advance(f"{model.title}: intervals", 0)
    test = run.scored
    groups = [run.manifest.groups[row] for row in test]
    figures = summarise(run.labels[test], scores, groups, run.manifest.positive, run.manifest.seed)
    human = np.array([run.manifest.sources[row] == "human" for row in test])
    if human.sum() >= 30:
        figures["human"] = summarise(
            run.labels[test][human],
            scores[human],
            [g for g, h in zip(groups, human, strict=True) if h],
            run.manifest.positive,
            run.manifest.seed,
        )
    return TrainedModel(**{**vars(model), "metrics": {**model.metrics, **figures}})


def write_predictions(run: Run, scores: dict[str, NDArray[np.float32]]) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "image_ids": np.array(run.manifest.image_ids, np.int64)[run.scored],
        **{f"probs_{name}": values for name, values in scores.items()},
    }
    if run.manifest.kind == "bakeoff":
        arrays["labels"] = run.labels[run.scored].astype(np.int16)
    if run.folds:
        arrays["fold"] = np.zeros(len(run.scored), np.int8)
        for fold, splits in enumerate(run.folds):
            arrays["fold"][np.searchsorted(run.scored, splits.test)] = fold
    save_arrays(run.folder, arrays)


def save_arrays(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write `predictions.npz`, whole or not at all."""
    save: Callable[..., None] = np.savez
    with rundir.atomic_path(folder / rundir.PREDICTIONS) as temporary, temporary.open("wb") as stream:
        save(stream, **arrays)


def environment(manifest: Manifest) -> dict[str, str]:
    device = pick_device()
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": f"{device.type} ({name})",
        "cores": str(os.cpu_count()),
        "code": manifest.code_version,
    }


def notes(run: Run, models: list[TrainedModel]) -> list[str]:
    said = []
    if run.folds:
        said.append(
            f"Judged by {len(run.folds)} folds: every image by a model that had seen nothing of its group. The "
            f"models that are kept learned from all of them, {len(run.splits.validate)} only to choose the epoch."
        )
    if run.manifest.tuned:
        flattered = ", on some of the images that judge here: its figures flatter a little" if run.folds else ""
        titles = listed([model.title for model in models if model.name in run.manifest.tuned])
        said.append(f"{titles}: trained with settings that a search chose{flattered}.")
    if titles := listed([model.title for model in models if model.metrics["from_pile"]]):
        said.append(
            f"{titles}: began from what the images themselves teach without labels, those of the test part among "
            "them; new images may be a little harder."
        )
    bare = [model.title for model in models if model.weights == "scratch" and get_backbone(model.name).pretrained]
    if bare:
        said.append(f"{listed(bare)}: trained from scratch; pretrained weights likely err less.")
    return said
