"""One model of a run: trained, scored, measured and saved; beside folds, trained again for each.

Whatever an earlier attempt finished is kept: a trained model is not trained again, a half-trained one goes on at
its checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ml import rundir
from ml.backbone_spec import Backbone
from ml.backbones import build_net, empty_net, get_backbone
from ml.bakeoff import settings_for as classifier_settings
from ml.checkpoint import TrainState
from ml.contract import Manifest, TrainedModel, WeightsPolicy
from ml.cost import Memory, measure_cost
from ml.data import Images, Normalisation, Rows, measure
from ml.device import pick_device
from ml.engine import Task, fit_together
from ml.labelers.founding import settings_for as labeler_settings
from ml.model_folder import CONFIG, ModelConfig, read_config, save_model
from ml.parts import NONE, Splits
from ml.report import TRAINING_COST, Reporter
from ml.scoring import score
from ml.settings import TrainSettings, with_overrides
from ml.zoo import file_name


@dataclass(frozen=True)
class Run:
    """What every model of the run shares."""

    folder: Path
    manifest: Manifest
    pixels: NDArray[np.uint8]
    splits: Splits
    """Of the models that are kept."""
    folds: list[Splits]
    """Of the models that only judge; empty: those that are kept are judged, on their test part."""
    scored: Rows
    """Rows that `predictions.npz` holds: all of them in a label run, the test part or all folds in a bake-off."""
    reporter: Reporter

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.array(self.manifest.labels, np.int64)

    def settings(self, name: str) -> TrainSettings:
        return settings_of(self.manifest, name)

    def model_folder(self, name: str) -> Path:
        return self.folder / rundir.MODELS / file_name(name)

    def scores_file(self, name: str, fold: int | None = None) -> Path:
        return self.folder / "scores" / f"{stem_of(name, fold)}.npy"

    @property
    def kept_score(self) -> Rows:
        """What the models that are kept score themselves."""
        return NONE if self.folds else self.scored


def stem_of(name: str, fold: int | None) -> str:
    return file_name(name) if fold is None else f"{file_name(name)}-fold{fold + 1}"


def settings_of(manifest: Manifest, name: str) -> TrainSettings:
    recipe = labeler_settings(name) if manifest.kind == "label" else classifier_settings(name, manifest)
    return with_overrides(recipe, {**manifest.tuned.get(name, {}), **manifest.settings})


def work_of(settings: TrainSettings, splits: Splits) -> int:
    """What a training takes, in images scored."""
    return settings.epochs * len(splits.train) * TRAINING_COST


@dataclass(frozen=True)
class Learnt:
    """A net after its training, with all it takes to use it."""

    net: nn.Module
    images: Images
    norm: Normalisation
    weights: WeightsPolicy
    settings: TrainSettings
    outputs: int
    state: TrainState
    from_pile: bool
    """Whether it began from what the project's own images taught without labels."""


def train_one(run: Run, name: str) -> TrainedModel:
    """Train, score and save one model, or take what an earlier attempt left finished; then its folds."""
    folder = run.model_folder(name)
    if is_finished(run, name):
        run.reporter.skip(work_of(run.settings(name), run.splits) + len(run.kept_score))
    else:
        keep(run, name, folder)
    for fold in range(len(run.folds)):
        judge_fold(run, name, fold)
    return described(folder, read_config((folder / CONFIG).read_text("utf-8")))


def is_finished(run: Run, name: str) -> bool:
    """Whether the model that is kept is there, with its scores."""
    return (run.model_folder(name) / CONFIG).exists() and run.scores_file(name).exists()


def keep(run: Run, name: str, folder: Path) -> None:
    """Train the model that is kept, and write its scores, its weights and what made them."""
    manifest, memory = run.manifest, Memory(pick_device())
    learnt = learn(run, name, run.splits, None)
    write_scores(run, name, None, learnt, run.kept_score)
    trained = what_made_it(run, learnt)
    if manifest.kind == "bakeoff":
        cost = measure_cost(learnt.images, learnt.norm, learnt.net, run.splits.validate)
        trained["cost"] = {**cost, "peak_mb": memory.peak_mb}
    save_model(
        folder,
        learnt.net,
        ModelConfig(
            name,
            get_backbone(name).title,
            manifest.classes,
            manifest.positive,
            learnt.outputs,
            learnt.images.input_size,
            learnt.norm,
            sha256="",
            trained=trained,
        ),
    )


def judge_fold(run: Run, name: str, fold: int) -> None:
    """Let a model that never saw this fold score it, unless an earlier attempt has done so."""
    splits = run.folds[fold]
    if run.scores_file(name, fold).exists():
        run.reporter.skip(work_of(run.settings(name), splits) + len(splits.test))
        return
    write_scores(run, name, fold, learn(run, name, splits, fold), splits.test)


def side_of(run: Run, name: str) -> int:
    """Return how many pixels a side the model sees."""
    settings = run.settings(name)
    longest = max(run.pixels.shape[1:3])
    return settings.input_size or get_backbone(name).side_for(longest, settings.enlarge)


def starting_from(backbone: Backbone, manifest: Manifest) -> WeightsPolicy:
    if backbone.never_scratch:
        return "pretrained"
    return manifest.weights if backbone.pretrained else "scratch"


def fetch_weights(run: Run) -> None:
    """Load what the models start from once, before the first is trained: hours later is late to learn what lacks.

    Raise MissingWeightsError.
    """
    for name in run.manifest.models[1:]:
        backbone = get_backbone(name)
        if starting_from(backbone, run.manifest) == "pretrained" and not is_finished(run, name):
            backbone.load(empty_net(name, 1, side_of(run, name)), Path(run.manifest.weights_dir))


def learn(run: Run, name: str, splits: Splits, fold: int | None) -> Learnt:
    backbone, settings, manifest = get_backbone(name), run.settings(name), run.manifest
    title = backbone.title if fold is None else f"{backbone.title}, fold {fold + 1} of {len(run.folds)}"
    size, weights = side_of(run, name), starting_from(backbone, manifest)
    images = Images(run.pixels, size, pick_device())
    own = backbone.pretrained and weights == "scratch"
    norm = measure(run.pixels, splits.train) if own else backbone.norm
    outputs = (
        1
        if backbone.teach is None and settings.loss == "binary" and len(manifest.classes) == 2
        else len(manifest.classes)
    )
    run.reporter.advance(f"{title}: building", 0)
    net = build_net(name, outputs, size, weights, Path(manifest.weights_dir), manifest.seed)
    task = Task(
        title,
        images,
        norm,
        run.labels,
        splits.train,
        splits.validate,
        settings,
        manifest.seed,
        run.folder / rundir.CHECKPOINTS / f"{stem_of(name, fold)}.safetensors",
        manifest.classes,
    )
    from_pile = bool(backbone.from_pile and backbone.from_pile(net, manifest, run.pixels, run.reporter))
    state = (backbone.teach or fit_together)(task, net, run.reporter, name if fold is None else "")
    return Learnt(net, images, norm, weights, settings, outputs, state, from_pile)


def write_scores(run: Run, name: str, fold: int | None, learnt: Learnt, rows: Rows) -> None:
    stage = f"{get_backbone(name).title}: scoring {len(rows)} images"
    told = partial(run.reporter.advance, stage)
    scores = score(learnt.images, learnt.norm, learnt.net, rows, told)
    path = run.scores_file(name, fold)
    with rundir.atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, scores)


def scores_of(run: Run, name: str) -> NDArray[np.float32]:
    """Return the probabilities of all of `run.scored`: of folds, each by the model that had not seen it."""
    if not run.folds:
        whole: NDArray[np.float32] = np.load(run.scores_file(name))
        return whole
    whole = np.zeros((len(run.scored), len(run.manifest.classes)), np.float32)
    for fold, splits in enumerate(run.folds):
        whole[np.searchsorted(run.scored, splits.test)] = np.load(run.scores_file(name, fold))
    return whole


def what_made_it(run: Run, learnt: Learnt) -> dict[str, Any]:
    state = learnt.state
    return {
        "settings": vars(learnt.settings),
        "weights": learnt.weights,
        "from_pile": learnt.from_pile,
        "seed": run.manifest.seed,
        "code_version": run.manifest.code_version,
        "images": run.splits.counts,
        "folds": len(run.folds),
        "image_set": run.manifest.pack.sha256,
        "best_epoch": state.best_epoch,
        "seconds": round(state.seconds, 2),
        "parameters": sum(p.numel() for p in learnt.net.parameters()),
        "validation": state.history[state.best_epoch - 1],
    }


def described(folder: Path, config: ModelConfig) -> TrainedModel:
    trained = config.trained
    metrics = {"validation": trained["validation"], "from_pile": trained.get("from_pile", False)}
    if "cost" in trained:
        metrics["cost"] = {**trained["cost"], "bytes": sum(path.stat().st_size for path in folder.iterdir())}
    return TrainedModel(
        config.name,
        config.title,
        f"{rundir.MODELS}/{folder.name}",
        config.sha256,
        trained["parameters"],
        trained["weights"],
        trained["seconds"],
        trained["best_epoch"],
        metrics,
    )
