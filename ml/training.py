"""A run from its manifest to its result: split, train each model, score, write it all down.

Whatever an earlier attempt finished is kept: a trained model is not trained again, a half-trained one goes on at
its checkpoint. `DONE` is written last.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml import rundir
from ml.backbones import build_net, get_backbone
from ml.bakeoff import TEST_SHARE, VALIDATION_SHARE
from ml.bakeoff import settings_for as classifier_settings
from ml.checkpoint import TrainState
from ml.contract import Manifest, RunResult, TrainedModel, WeightsPolicy
from ml.data import Images, Rows, measure
from ml.device import pick_device
from ml.engine import Task, fit
from ml.errors import RunError
from ml.export import CONFIG, ModelConfig, read_config, save_model
from ml.labelers.founding import HELD_OUT
from ml.labelers.founding import settings_for as labeler_settings
from ml.metrics import summarise
from ml.pixels import load_pack
from ml.report import TRAINING_COST, Reporter
from ml.scoring import score
from ml.settings import TrainSettings, with_overrides
from ml.splitting import check_classes, split_rows


@dataclass(frozen=True)
class Splits:
    """Rows of the pack; `test` is empty in a label run."""

    train: Rows
    validate: Rows
    test: Rows

    @property
    def counts(self) -> dict[str, int]:
        return {"train": len(self.train), "val": len(self.validate), "test": len(self.test)}


@dataclass(frozen=True)
class Run:
    """What every model of the run shares."""

    folder: Path
    manifest: Manifest
    pixels: NDArray[np.uint8]
    splits: Splits
    scored: Rows
    """Rows that every model scores: all of them in a label run, the test part in a bake-off."""
    reporter: Reporter

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.array(self.manifest.labels, np.int64)

    def settings(self, name: str) -> TrainSettings:
        return settings_of(self.manifest, name)

    def model_folder(self, name: str) -> Path:
        return self.folder / rundir.MODELS / name


def settings_of(manifest: Manifest, name: str) -> TrainSettings:
    recipe = labeler_settings(name) if manifest.kind == "label" else classifier_settings(name, manifest)
    return with_overrides(recipe, manifest.settings)


def split(manifest: Manifest) -> Splits:
    labelled = np.flatnonzero(np.array(manifest.labels) >= 0)
    parts = 2 if manifest.kind == "label" else 3
    check_classes(labelled, manifest.labels, manifest.groups, parts, manifest.classes)
    none = np.array([], np.int64)
    if manifest.kind == "label":
        train, validate = split_rows(labelled, manifest.labels, manifest.groups, HELD_OUT, manifest.seed)
        return Splits(train, validate, none)
    rest, test = split_rows(labelled, manifest.labels, manifest.groups, TEST_SHARE, manifest.seed)
    train, validate = split_rows(rest, manifest.labels, manifest.groups, VALIDATION_SHARE, manifest.seed + 1)
    return Splits(train, validate, test)


def execute(folder: Path) -> None:
    """Carry out the run that `folder`'s manifest describes. Raise RunError with a sentence when it cannot be."""
    started = time.monotonic()
    manifest = read_manifest(folder)
    if manifest.recipe == "squint":
        from ml.rounds import execute_pretraining, execute_round  # noqa: PLC0415  they build on this module

        (execute_round if manifest.kind == "label" else execute_pretraining)(folder, manifest)
        return
    run = open_run(folder, manifest)
    if threads := run.settings(manifest.models[0]).threads:
        torch.set_num_threads(threads)
    models = [train_one(run, name) for name in manifest.models]
    scores = {name: np.load(scores_file(run, name)) for name in manifest.models}
    if manifest.kind == "bakeoff":
        models = [judge(run, model, scores[model.name]) for model in models]
    write_predictions(run, scores)
    result = RunResult(
        models, run.splits.counts, time.monotonic() - started, environment(manifest), notes(models)
    )
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
    splits = split(manifest)
    ids = np.array(manifest.image_ids)
    rundir.write_text(
        folder / rundir.SPLITS,
        json.dumps({name: ids[rows].tolist() for name, rows in vars(splits).items()}),
    )
    scored = np.arange(len(pixels)) if manifest.kind == "label" else splits.test
    work = sum(work_of(settings_of(manifest, name), splits, scored) for name in manifest.models)
    return Run(folder, manifest, pixels, splits, scored, Reporter(work))


def work_of(settings: TrainSettings, splits: Splits, scored: Rows) -> int:
    """What a model takes, in images scored."""
    return settings.epochs * len(splits.train) * TRAINING_COST + len(scored)


def train_one(run: Run, name: str) -> TrainedModel:
    """Train, score and save one model, or take what an earlier attempt left finished."""
    backbone, settings, manifest = get_backbone(name), run.settings(name), run.manifest
    folder = run.model_folder(name)
    if (folder / CONFIG).exists() and scores_file(run, name).exists():
        run.reporter.skip(work_of(settings, run.splits, run.scored))
        return described(folder, read_config((folder / CONFIG).read_text("utf-8")))
    size = settings.input_size or backbone.side_for(max(run.pixels.shape[1:3]), settings.enlarge)
    images = Images(run.pixels, size, pick_device())
    weights: WeightsPolicy = manifest.weights if backbone.pretrained else "scratch"
    own = backbone.pretrained and weights == "scratch"
    norm = measure(run.pixels, run.splits.train) if own else backbone.norm
    outputs = 1 if settings.loss == "binary" and len(manifest.classes) == 2 else len(manifest.classes)
    run.reporter.advance(f"{backbone.title}: building", 0)
    net = build_net(name, outputs, size, weights, Path(manifest.weights_dir), manifest.seed)
    task = Task(
        backbone.title,
        images,
        norm,
        run.labels,
        run.splits.train,
        run.splits.validate,
        settings,
        manifest.seed,
        run.folder / rundir.CHECKPOINTS / f"{name}.safetensors",
    )
    state = fit(task, net, run.reporter, name)
    stage = f"{backbone.title}: scoring {len(run.scored)} images"
    scores = score(images, norm, net, run.scored, lambda count: run.reporter.advance(stage, count))
    with rundir.atomic_path(scores_file(run, name)) as temporary, temporary.open("wb") as stream:
        np.save(stream, scores)
    trained = what_made_it(run, settings, weights, state, parameters=sum(p.numel() for p in net.parameters()))
    config = ModelConfig(
        name, backbone.title, manifest.classes, manifest.positive, outputs, size, norm, sha256="", trained=trained
    )
    return described(folder, save_model(folder, net, config))


def scores_file(run: Run, name: str) -> Path:
    return run.folder / "scores" / f"{name}.npy"


def what_made_it(
    run: Run, settings: TrainSettings, weights: WeightsPolicy, state: TrainState, parameters: int
) -> dict[str, Any]:
    return {
        "settings": vars(settings),
        "weights": weights,
        "seed": run.manifest.seed,
        "code_version": run.manifest.code_version,
        "images": run.splits.counts,
        "image_set": run.manifest.pack.sha256,
        "best_epoch": state.best_epoch,
        "seconds": round(state.seconds, 2),
        "parameters": parameters,
        "validation": state.history[state.best_epoch - 1],
    }


def described(folder: Path, config: ModelConfig) -> TrainedModel:
    trained = config.trained
    return TrainedModel(
        config.name,
        config.title,
        f"{rundir.MODELS}/{folder.name}",
        config.sha256,
        trained["parameters"],
        trained["weights"],
        trained["seconds"],
        trained["best_epoch"],
        {"validation": trained["validation"]},
    )


def judge(run: Run, model: TrainedModel, scores: NDArray[np.float32]) -> TrainedModel:
    """Return the model with its figures on the test part, which nothing has looked at before."""
    run.reporter.advance(f"{model.title}: intervals", 0)
    test = run.splits.test
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


def notes(models: list[TrainedModel]) -> list[str]:
    if any(model.weights == "scratch" for model in models):
        return ["Trained from scratch, without pretrained weights: expect more disagreement than with them."]
    return []
