"""Two labelers that learn at the same time learn what each would have learnt alone."""

from __future__ import annotations

import time
from io import StringIO
from pathlib import Path

import pytest
import torch

from ml import beside
from ml.events import MetricPoint, Progress, decode_event
from ml.report import Reporter
from ml.training import execute, open_run, read_manifest
from tests.ml.conftest import NET, MakeRun, result_of
from tests.ml.test_child import end, run_child, start_child

PAIR = (NET, "yolov8n-cls")
LONG = {"epochs": 8, "batch_size": 120, "threads": 2}
"""Long enough for a process of its own."""


def helpers_of(folder: Path) -> list[str]:
    """Return the command lines of the processes that train one model of this run."""
    told = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return [
        line.replace(b"\0", b" ").decode() for line in told if b"--only" in line and str(folder).encode() in line
    ]


def test_two_labelers_side_by_side_are_those_that_learn_alone(make_run: MakeRun):
    both = make_run(models=PAIR, settings=LONG, count=330)
    child = run_child(both)
    assert child.returncode == 0, child.stderr
    events = [decode_event(line) for line in child.stdout.splitlines()]
    steps = {name: [e.step for e in events if isinstance(e, MetricPoint) and e.series == name] for name in PAIR}
    assert all(sorted(set(told)) == list(range(1, LONG["epochs"] + 1)) for told in steps.values())
    last = [e for e in events if isinstance(e, Progress)][-1]
    assert last.done == last.total
    for model, name in zip(result_of(both).models, PAIR, strict=True):
        alone = make_run(models=(name,), settings={**LONG, "threads": 1}, count=330)
        execute(alone)
        assert model.sha256 == result_of(alone).models[0].sha256


def test_both_are_named_while_they_learn_and_the_one_who_is_left_afterwards():
    other = Progress("YOLOv8n", 20, 100, epoch=2, epochs=40)
    told = []
    for tell in (lambda reporter: reporter.advance("ResNet50", 10, epoch=1, epochs=30), Reporter.follow):
        reporter = Reporter(100, stream := StringIO())
        reporter.beside = other
        tell(reporter)
        told.append(decode_event(stream.getvalue()))
    both, left = told
    assert isinstance(both, Progress)
    assert (both.stage, both.epoch, both.done) == ("ResNet50", 1, 30)
    assert (both.beside, both.beside_epoch, both.beside_epochs) == ("YOLOv8n", 2, 40)
    assert isinstance(left, Progress)
    assert (left.stage, left.epoch, left.done, left.beside) == ("YOLOv8n", 2, 20, None)


def test_one_who_fails_beside_us_is_trained_here(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch):
    run = make_run(models=PAIR, settings={"threads": 2})
    monkeypatch.setattr(beside, "WORTH", 0)
    monkeypatch.setattr(beside.sys, "executable", "/bin/false")
    execute(run)
    assert [model.name for model in result_of(run).models] == list(PAIR)


def test_short_trainings_go_one_after_the_other(make_run: MakeRun):
    torch.set_num_threads(2)
    for settings, threads in ((LONG, 1), ({}, 0)):
        folder = make_run(models=PAIR, settings=settings, count=330)
        assert beside.share_of(open_run(folder, read_manifest(folder))) == threads


def test_nobody_trains_on_when_the_run_is_killed(make_run: MakeRun):
    run = make_run(models=PAIR, settings={"epochs": 1_000_000, "threads": 2})
    child = start_child(run)
    assert len(helpers_of(run)) == 1
    end(child)
    until = time.monotonic() + 30
    while helpers_of(run) and time.monotonic() < until:
        time.sleep(0.02)
    assert helpers_of(run) == []
