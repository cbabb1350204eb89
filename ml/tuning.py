"""A search over a model's training settings by Optuna, within a time, on the images that train and validate.

The part that will judge is held out first, as in the bake-off, and never looked at. All that was tried is in the
run folder: a search that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml import rundir
from ml.backbones import get_backbone
from ml.contract import Manifest, Tuned
from ml.errors import NotFiniteError, RunError
from ml.events import Progress
from ml.learning import Run, learn, settings_of
from ml.parts import NONE, Splits, split
from ml.report import QUIET_S, Reporter
from ml.settings import TrainSettings
from ml.splitting import split_rows

if TYPE_CHECKING:
    from optuna import Study, Trial

JOURNAL = "search.log"
SERIES = "search"
SHORTER = 3
"""A trial has so many times fewer epochs than the bake-off: enough to rank settings by."""
VALIDATION_SHARE = 0.25
"""Of what may be used: a search asks its validation part often, so that it has to be larger."""
LARGEST_SIDE = 224


def splits_of(manifest: Manifest) -> Splits:
    """Return what a search may use: nothing of the part that a bake-off of the same labels judges by."""
    kept = split(manifest)
    rows = np.sort(np.concatenate([kept.train, kept.validate]))
    train, validate = split_rows(rows, manifest.labels, manifest.groups, VALIDATION_SHARE, manifest.seed + 2)
    return Splits(train, validate, NONE)


SEARCHED = (
    "learning_rate", "weight_decay", "smoothing", "mixup", "strength",
    "augmentation", "averaging", "batch_size", "input_size",
)  # fmt: skip


def suggest(trial: Trial, base: TrainSettings, sides: list[int]) -> dict[str, Any]:
    """Draw a value for each of `SEARCHED`, from around the usual one."""
    rate = base.learning_rate
    return {
        "learning_rate": trial.suggest_float("learning_rate", rate / 8, rate * 4, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 0, max(0.1, base.weight_decay)),
        "smoothing": trial.suggest_float("smoothing", 0, max(0.2, base.smoothing)),
        "mixup": trial.suggest_float("mixup", 0, max(0.4, base.mixup)),
        "strength": trial.suggest_float("strength", 0.5, max(2.0, base.strength)),
        "augmentation": trial.suggest_categorical("augmentation", ["none", "flip", "report", "distort"]),
        "averaging": trial.suggest_categorical("averaging", sorted({0.0, 0.99, 0.995, base.averaging})),
        "batch_size": trial.suggest_categorical("batch_size", sorted({32, 64, 128, base.batch_size})),
        "input_size": trial.suggest_categorical("input_size", sides),
    }


class Search:
    """A study in the run folder, and what its trials train on."""

    def __init__(self, folder: Path, manifest: Manifest, pixels: NDArray[np.uint8]) -> None:
        (self.name,) = manifest.models
        self.folder, self.manifest, self.pixels = folder, manifest, pixels
        self.base = settings_of(manifest, self.name)
        self.sides = self._sides()
        self.splits = splits_of(manifest)
        self.study = self._open(_optuna())

    def _sides(self) -> list[int]:
        """Return the usual size and, for a net that takes others, twice that."""
        backbone, longest = get_backbone(self.name), max(self.pixels.shape[1:3])
        if backbone.teach is not None:
            raise RunError(f"{backbone.title} has no training settings to search through.")
        side = self.base.input_size or backbone.side_for(longest, self.base.enlarge)
        is_fixed = backbone.side_for(1, 1) == backbone.side_for(LARGEST_SIDE, 1)
        return [self.base.input_size, *([] if is_fixed or 2 * side > LARGEST_SIDE else [2 * side])]

    def _open(self, optuna: ModuleType) -> Study:
        """Open or make the study. What a stop broke off is tried again."""
        journal = optuna.storages.journal.JournalFileBackend(str(self.folder / JOURNAL))
        study: Study = optuna.create_study(
            study_name=self.name,
            storage=optuna.storages.JournalStorage(journal),
            sampler=optuna.samplers.TPESampler(seed=self.manifest.seed),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
            load_if_exists=True,
        )
        if not study.trials:
            study.enqueue_trial({name: getattr(self.base, name) for name in SEARCHED})
        for broken in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
            study.tell(broken.number, state=optuna.trial.TrialState.FAIL)
            study.enqueue_trial({**broken.system_attrs.get("fixed_params", {}), **broken.params})
        return study

    @property
    def losses(self) -> list[float]:
        """The lowest validation loss of every trial that was worth its end, in their order."""
        return [t.value for t in self.study.trials if t.state.name == "COMPLETE" and t.value is not None]

    @property
    def spent_s(self) -> float:
        return sum(t.duration.total_seconds() for t in self.study.trials if t.state.is_finished() and t.duration)

    def run(self) -> None:
        """Try settings until the time is over; first the usual ones, however long they take.

        Raise NotFiniteError when not even those train.
        """
        budget_s = self.manifest.minutes * 60
        while not self.losses or self.spent_s < budget_s:
            known = len(self.losses)
            caught = (NotFiniteError,) if known else ()
            self.study.optimize(self._attempt, n_trials=1, catch=caught)
            if len(self.losses) > known:
                Reporter(1).metric(SERIES, known + 1, trial_loss=self.losses[-1], best_loss=min(self.losses))

    def _attempt(self, trial: Trial) -> float:
        drawn = suggest(trial, self.base, self.sides)
        shorter = {"epochs": max(self.base.epochs // SHORTER, 1), "checkpoint_every_s": 1e9}
        manifest = replace(
            self.manifest, tuned={self.name: drawn}, settings={**self.manifest.settings, **shorter}
        )
        reporter = TrialReporter(trial, self.manifest.minutes * 60, self.spent_s, may_stop=bool(self.losses))
        run = Run(self.folder, manifest, self.pixels, self.splits, [], NONE, reporter)
        return learn(run, self.name, self.splits, None).state.best_loss

    def found(self) -> Tuned:
        """Return the best settings, as far as they differ from the usual ones."""
        best = self.study.best_trial.params
        settings = {name: value for name, value in best.items() if value != getattr(self.base, name)}
        return Tuned(self.name, settings, min(self.losses), self.losses[0], len(self.study.trials))


class TrialReporter(Reporter):
    """Tells the time that a search has taken, and ends a trial that is hopeless, or that the time overtakes."""

    def __init__(self, trial: Trial, budget_s: float, spent_s: float, *, may_stop: bool) -> None:
        super().__init__(budget_s)
        self.trial, self.spent_s, self.may_stop = trial, spent_s, may_stop
        self.began = time.monotonic()

    def advance(
        self,
        stage: str,
        images: int,  # noqa: ARG002  a search counts its time
        *,
        cost: float = 1,  # noqa: ARG002
        epoch: int | None = None,
        epochs: int | None = None,
        loss: float | None = None,
    ) -> None:
        now = time.monotonic()
        if now - self._last < QUIET_S:
            return
        self._last = now
        done = min(self.spent_s + now - self.began, self.total)
        stage = f"{stage}: settings {self.trial.number + 1}"
        left = round(self.total - done, 1)
        self.tell(Progress(stage, done, self.total, epoch, epochs, loss, seconds_left=left))

    def metric(self, series: str, step: int, **values: float) -> None:  # noqa: ARG002  a trial has no curves
        from optuna import TrialPruned  # noqa: PLC0415  an extra

        self.trial.report(values["val_loss"], step)
        late = self.spent_s + time.monotonic() - self.began > self.total
        if self.may_stop and (late or self.trial.should_prune()):
            raise TrialPruned


def search(folder: Path, manifest: Manifest, pixels: NDArray[np.uint8]) -> Splits:
    """Search, write what was found into the run folder, and return what was searched on.

    Raise RunError with a sentence when it cannot be.
    """
    found = Search(folder, manifest, pixels)
    found.run()
    rundir.write_text(folder / rundir.TUNED, json.dumps(asdict(found.found())))
    return found.splits


def _optuna() -> ModuleType:
    try:
        import optuna  # noqa: PLC0415  an extra
    except ImportError as error:
        raise RunError("Searching for settings needs the extra tune: pip install 'squint[tune]'.") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
