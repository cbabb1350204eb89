"""Training curves for other programs, read back by their own client libraries where they are here."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.config import Settings
from app.db import Database
from app.errors import NotFoundError
from app.models import Bakeoff, JobMetric, Project
from app.transfer.tracked import list_runs
from ml.errors import RunError
from ml.tracking import TrackedRun, write_mlflow, write_tensorboard, write_wandb
from tests.factories import add_project
from tests.transfer.conftest import Loop, add_bakeoff

RUN = TrackedRun(
    "eyes", 2, "compact", [("val_loss", 1, 0.5), ("val_loss", 2, 0.25)], {"epochs": "2", "best_epoch": "2"},
    {"eer": 0.02}, 1_700_000_000_000,
)  # fmt: skip


def test_a_run_is_a_model_of_a_bakeoff_with_its_curve_settings_and_figures(
    database: Database, settings: Settings, loop: Loop
):
    add_bakeoff(database, settings, loop.project_id, loop.images, "resnet18", "vgg11")
    with database.write() as session:
        project = session.get_one(Project, loop.project_id)
        job_id = session.query(Bakeoff).one().job_id
        for series, value in (("resnet18", 0.5), ("vgg11", 0.7)):
            session.add(JobMetric(job_id=job_id, series=series, name="val_loss", step=1, value=value))
    with database.read() as session:
        runs = list_runs(session, project)
        with pytest.raises(NotFoundError, match="no classifiers yet"):
            list_runs(session, add_project_of(database))
    assert [(run.bakeoff, run.model, run.points) for run in runs] == [
        (1, "resnet18", [("val_loss", 1, 0.5)]), (1, "vgg11", [("val_loss", 1, 0.7)]),
    ]  # fmt: skip
    assert runs[0].figures["eer"] == 0.02
    assert (runs[0].settings["epochs"], runs[0].settings["seed"], runs[0].settings["best_epoch"]) == (
        "2",
        "3",
        "1",
    )


def add_project_of(database: Database) -> Project:
    with database.write() as session:
        return add_project(session, "empty")


def test_tensorboard_reads_the_curves_and_a_second_export_doubles_none(tmp_path: Path):
    from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

    for _ in range(2):
        assert write_tensorboard([RUN], tmp_path) == 1
    board = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload()
    run = "bakeoff-2/compact"
    assert set(board.Runs()) == {run}
    points = [(e.step, e.tensor_proto.float_val[0]) for e in board.Tensors(run, "val_loss")]
    assert points == [(1, 0.5), (2, 0.25)]
    assert [(e.step, round(e.tensor_proto.float_val[0], 4)) for e in board.Tensors(run, "test/eer")] == [
        (2, 0.02)
    ]
    assert b"| epochs | 2 |" in board.Tensors(run, "settings")[0].tensor_proto.string_val[0]


def test_mlflow_reads_the_curves_and_a_second_export_adds_none(tmp_path: Path):
    from mlflow import MlflowClient

    for _ in range(2):
        assert write_mlflow([RUN], tmp_path) == 1
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("squint: eyes")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "bake-off 2: compact"
    assert run.info.status == "FINISHED"
    assert run.data.params["epochs"] == "2"
    assert run.data.metrics == {"val_loss": 0.25, "test/eer": 0.02}
    assert [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "val_loss")] == [
        (1, 0.5),
        (2, 0.25),
    ]


def test_weights_and_biases_get_offline_runs_epoch_by_epoch_and_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A stand-in takes down what its client is told: the library comes without Squint."""
    told: list[Any] = []

    def init(**about: Any) -> SimpleNamespace:
        (tmp_path / "wandb" / f"offline-run-20261126_080518-{about['id']}").mkdir(parents=True)
        told.append((about["mode"], about["project"], about["name"], about["group"], about["config"]["epochs"]))
        return SimpleNamespace(
            log=lambda values, step: told.append((step, values)),
            summary=SimpleNamespace(update=told.append),
            finish=lambda: told.append("finished"),
        )

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init, Settings=dict))
    points = [("val_loss", 2, 0.25), ("train_loss", 1, 0.6), ("val_loss", 1, 0.5)]
    run = replace(RUN, project="eyes: all", points=points)
    assert [write_wandb([run], tmp_path) for _ in range(2)] == [1, 1]
    assert told == [
        ("offline", "squint eyes- all", "bake-off 2: compact", "bake-off 2", "2"),
        (1, {"train_loss": 0.6, "val_loss": 0.5}), (2, {"val_loss": 0.25}), {"test/eer": 0.02}, "finished",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("write", "command"),
    [
        (write_tensorboard, r"install 'squint\[tensorboard\]"),
        (write_mlflow, r"install 'squint\[mlflow\]"),
        (write_wandb, r"install 'squint\[wandb\]"),
    ],
)
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: object, command: str):
    def absent(_name: str) -> None:
        raise ImportError

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(RunError, match=command):
        write([RUN], tmp_path)  # type: ignore[operator]
