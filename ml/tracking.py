"""Training curves and figures for other programs, written by their own client libraries, without a network."""

from __future__ import annotations

import hashlib
import importlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ml.errors import RunError


@dataclass(frozen=True)
class TrackedRun:
    """One model's training in one bake-off."""

    project: str
    bakeoff: int
    model: str
    points: Sequence[tuple[str, int, float]]
    """Name, epoch, value."""
    settings: dict[str, str]
    figures: dict[str, float]
    """On the test part."""
    started_ms: int


def write_tensorboard(runs: Sequence[TrackedRun], folder: Path) -> int:
    """Write event files, a folder a run; return how many runs."""
    writers: Any = _client("tensorboard.summary", "tensorboard")
    texts: Any = importlib.import_module("tensorboard.plugins.text.summary_v2")
    files: Any = importlib.import_module("tensorboard.summary.writer.event_file_writer")
    events: Any = importlib.import_module("tensorboard.compat.proto.event_pb2")
    for run in runs:
        place = folder / f"bakeoff-{run.bakeoff}" / run.model
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob("events.out.tfevents.*"):
            old.unlink()  # a second export would draw every curve twice
        writer = writers.Writer(str(place))
        for name, step, value in _all_points(run):
            writer.add_scalar(name, value, step)
        writer.close()
        about = files.EventFileWriter(str(place), filename_suffix=".settings")
        table = "\n".join(
            ["| setting | value |", "|---|---|", *(f"| {k} | {v} |" for k, v in run.settings.items())]
        )
        about.add_event(events.Event(step=0, summary=texts.text_pb("settings", table)))
        about.close()
    return len(runs)


def write_mlflow(runs: Sequence[TrackedRun], folder: Path) -> int:
    """Add the runs to `folder`/mlflow.db, an experiment a project; one that is there stays.

    Return how many runs there are.
    """
    # It asks the network nothing of its own but this.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow: Any = _client("mlflow", "mlflow")
    entities: Any = importlib.import_module("mlflow.entities")
    folder.mkdir(parents=True, exist_ok=True)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{(folder / 'mlflow.db').resolve()}")
    name = f"squint: {runs[0].project}"
    found = client.get_experiment_by_name(name)
    place = (folder / "artifacts").resolve().as_uri()
    experiment = found.experiment_id if found else client.create_experiment(name, artifact_location=place)
    there = {run.info.run_name for run in client.search_runs([experiment])}
    for run in runs:
        title = f"bake-off {run.bakeoff}: {run.model}"
        if title in there:
            continue
        made = client.create_run(experiment, start_time=run.started_ms, run_name=title)
        metrics = [entities.Metric(n, v, run.started_ms, s) for n, s, v in _all_points(run)]
        params = [entities.Param(k, v) for k, v in run.settings.items()]
        client.log_batch(made.info.run_id, metrics=metrics, params=params)
        client.set_terminated(made.info.run_id)
    return len(runs)


def write_wandb(runs: Sequence[TrackedRun], folder: Path) -> int:
    """Write offline runs of Weights & Biases into `folder`/wandb, for `wandb sync`; one that is there stays.

    Return how many runs there are.
    """
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # the one thing that it sends when it is offline
    wandb: Any = _client("wandb", "wandb")
    folder.mkdir(parents=True, exist_ok=True)
    there = {path.name.rpartition("-")[2] for path in folder.glob("wandb/offline-run-*")}
    settings = wandb.Settings(
        console="off", silent=True, disable_git=True, save_code=False, x_disable_meta=True, x_disable_stats=True
    )
    for run in runs:
        # By its own name, so that a second upload finds the first.
        identity = hashlib.sha256(f"{run.project}/{run.bakeoff}/{run.model}".encode()).hexdigest()[:16]
        if identity in there:
            continue
        made = wandb.init(
            mode="offline", id=identity, project=re.sub(r"[/\\#?%:]", "-", f"squint {run.project}"),
            name=f"bake-off {run.bakeoff}: {run.model}", group=f"bake-off {run.bakeoff}",
            config=run.settings, dir=str(folder), settings=settings,
        )  # fmt: skip
        for step, values in _by_step(run.points).items():
            made.log(values, step=step)
        made.summary.update({f"test/{name}": value for name, value in run.figures.items()})
        made.finish()
    return len(runs)


def _by_step(points: Sequence[tuple[str, int, float]]) -> dict[int, dict[str, float]]:
    """Return each epoch's values by their names, first epochs first: a run takes them in that order alone."""
    found: dict[int, dict[str, float]] = {}
    for name, step, value in sorted(points, key=lambda point: point[1]):
        found.setdefault(step, {})[name] = value
    return found


def _all_points(run: TrackedRun) -> Iterator[tuple[str, int, float]]:
    yield from run.points
    best = int(run.settings.get("best_epoch", 0))
    yield from ((f"test/{name}", best, value) for name, value in run.figures.items())


def _client(module: str, extra: str) -> ModuleType:
    """Return the client library of an extra; raise RunError where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise RunError(f"This needs the extra {extra}: pip install 'squint[{extra}]'.") from None
