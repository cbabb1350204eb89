"""A search for settings: within its time, resumable, and blind to the part that will judge."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from ml import engine, report, rundir
from ml.contract import Manifest, Tuned
from ml.errors import RunError
from ml.events import MetricPoint, decode_event
from ml.parts import split
from ml.settings import TrainSettings
from ml.training import execute
from ml.tuning import JOURNAL, SEARCHED, Search
from tests.ml.conftest import MakeRun, result_of

TRIAL_S = 20.0


class Killed(BaseException):
    """Nobody catches it: as after kill -9, Optuna has no time to note how the trial ended."""


@pytest.fixture(autouse=True)
def every_trial_takes_twenty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search, "spent_s", property(lambda self: TRIAL_S * len(self.study.trials)))


@pytest.fixture
def heard(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that gets what the search tells."""
    path = tmp_path_factory.mktemp("heard") / "events"
    monkeypatch.setattr(report, "EVENTS", path.open("w", buffering=1))
    return path


def found_in(folder: Path) -> Tuned:
    return Tuned(**json.loads((folder / rundir.TUNED).read_text()))


def test_it_tries_the_usual_settings_first_and_others_until_the_time_is_over(make_run: MakeRun, heard: Path):
    folder = make_run("tune", ("compact",), minutes=1.0, preset="own", settings={"epochs": 3})
    execute(folder)
    found = found_in(folder)
    assert (found.model, found.trials) == ("compact", 3)
    assert found.loss <= found.usual_loss
    assert set(found.settings) <= set(SEARCHED) <= {field.name for field in fields(TrainSettings)}
    told = [event for line in heard.open() if isinstance(event := decode_event(line), MetricPoint)]
    best = [point.value for point in told if point.name == "best_loss"]
    tried = [point.value for point in told if point.name == "trial_loss"]
    assert (best[0], best) == (found.usual_loss, np.minimum.accumulate(tried).tolist())
    assert result_of(folder).split_counts["test"] == 0
    assert rundir.is_done(folder)


def test_what_will_judge_is_never_looked_at(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch):
    seen: set[int] = set()
    own_batch = engine.Images.batch

    def watched(self: engine.Images, rows: np.ndarray) -> torch.Tensor:
        seen.update(rows.tolist())
        return own_batch(self, rows)

    monkeypatch.setattr(engine.Images, "batch", watched)
    folder = make_run("tune", ("compact",), count=80, minutes=0.1)
    execute(folder)
    manifest = Manifest.from_json((folder / rundir.MANIFEST).read_text())
    judging = split(Manifest(**{**vars(manifest), "kind": "bakeoff"})).test
    assert len(judging)
    assert not seen & set(judging.tolist())


def test_a_search_that_was_killed_tries_the_same_again_and_goes_on(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
):
    folder = make_run("tune", ("compact",), minutes=1.1)
    own_answer = Search._attempt

    def dying(self: Search, trial: object) -> float:
        loss = own_answer(self, trial)  # type: ignore[arg-type]
        if len(self.study.trials) == 2:
            raise Killed
        return loss

    with monkeypatch.context() as patched:
        patched.setattr(Search, "_attempt", dying)
        # Optuna notes a trial that Ctrl-C ends; kill -9 gives it no time for that.
        patched.setattr(
            "optuna.study._tell._tell_with_warning", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(Killed):
            execute(folder)
    assert (folder / JOURNAL).exists()
    execute(folder)
    manifest = Manifest.from_json((folder / rundir.MANIFEST).read_text())
    trials = Search(folder, manifest, np.load(folder / "pixels.npy")).study.trials
    assert [trial.state.name for trial in trials][1] == "FAIL"
    assert trials[1].params == trials[2].params


@pytest.mark.parametrize(
    ("model", "says"), [("features:compact+svm", "no training settings"), ("gpt", "There is no model named gpt")]
)
def test_what_cannot_be_searched_is_one_sentence(make_run: MakeRun, model: str, says: str):
    with pytest.raises(RunError, match=says):
        execute(make_run("tune", (model,), minutes=1.0))


def test_a_missing_optuna_is_one_sentence(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(RunError, match=r"needs the extra tune: pip install 'squint\[tune\]'\.$"):
        execute(make_run("tune", ("compact",), minutes=1.0))
