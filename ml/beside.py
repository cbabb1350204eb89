"""Two labelers learn at the same time, each in a process of its own on its share of a CPU's cores.

Their steps are too short to be shared: on two threads a step of ResNet50 on 16 small pictures took as long as on
one, and two processes of one thread each did twice as much.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import torch

from ml.contract import TrainedModel
from ml.device import pick_device, threads
from ml.events import MetricPoint, Progress, decode_event
from ml.learning import Run, is_finished, train_one, work_of
from ml.report import Reporter
from ml.zoo import title_of

WORTH = 5_000
"""Work of a model, in images scored, from which on a process of its own is worth its start."""
LOOK_EVERY_S = 0.25


def share_of(run: Run) -> int:
    """Return how many threads each of two labelers has; 0: they learn one after the other, on all.

    It depends on nothing that changes while the run goes on, so that a resumed one ends as an uninterrupted one.
    """
    names, all_threads = run.manifest.models, torch.get_num_threads()
    if run.manifest.kind != "label" or len(names) != 2 or all_threads < 2 or pick_device().type != "cpu":
        return 0
    smaller = min(work_of(run.settings(name), run.splits) for name in names)
    return all_threads // 2 if smaller >= WORTH else 0


def train_side_by_side(run: Run, share: int) -> list[TrainedModel]:
    """Train the first of two models here and the second in another process, on a share of so many threads each.

    What that one could not finish is then tried here, so that its failure is told as any other.
    """
    first, second = run.manifest.models
    with threads(share):
        with _helper(run, second) as helper:
            models = [train_one(run, first)]
            while helper and helper.is_alive():
                run.reporter.follow()
                helper.join(LOOK_EVERY_S)
        run.reporter.beside = None
        models.append(train_one(run, second))
        run.reporter.advance(title_of(second), 0)
    return models


@contextmanager
def _helper(run: Run, name: str) -> Iterator[threading.Thread | None]:
    """Let a process train the model while the block runs; yield a thread that lives as long as it."""
    if is_finished(run, name):
        yield None
        return
    command = [sys.executable, "-m", "ml", run.manifest.kind, str(run.folder), "--only", name]
    with subprocess.Popen(  # noqa: S603  the command is ours
        [*command, "--die-with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        listener = threading.Thread(target=_listen, args=(process.stdout, run.reporter), daemon=True)
        listener.start()
        try:
            yield listener
        finally:
            process.kill()


def _listen(lines: IO[bytes], reporter: Reporter) -> None:
    for line in lines:
        match decode_event(line.decode()):
            case Progress() as progress:
                reporter.beside = progress
            case MetricPoint() as point:
                reporter.tell(point)
