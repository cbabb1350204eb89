"""The engine with the real training program: a tiny net on forty images."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from app.jobs.queue import JobStatus, cancel, progress
from ml.rundir import PREDICTIONS
from tests.jobs.conftest import Shop, eventually, is_gone

TORCH_S = 120
"""Torch takes seconds to import, and many more on a busy machine."""


def training_child(shop: Shop, job_id: str, epoch: int) -> psutil.Process:
    """Wait until the newest child has trained so many epochs, and return it."""
    eventually(lambda: (told := progress(shop.job(job_id))) and (told.epoch or 0) >= epoch, within=TORCH_S)
    worker = psutil.Process(shop.worker_pid())
    return worker.children()[0]


@pytest.mark.parametrize("empty_shop", ["sqlite"], indirect=True)
def test_real_training_survives_kill_9_of_its_worker_and_cancel_frees_the_cpu(shop: Shop):
    job_id, long = shop.submit("tiny", epochs=16), shop.submit("tiny", epochs=100_000)
    first = training_child(shop, job_id, 3)
    os.kill(shop.worker_pid(), signal.SIGKILL)
    assert eventually(lambda: is_gone(first.pid)) < 2
    assert shop.finish(job_id, within=TORCH_S) == JobStatus.DONE
    assert (shop.run(job_id) / PREDICTIONS).exists()
    assert (shop.published(job_id), shop.job(job_id).attempts) == (1, 2)
    second = training_child(shop, long, 1)
    assert second.cpu_percent(0.3) > 20
    cancel(shop.database, long)
    assert eventually(lambda: is_gone(second.pid)) < 2
    assert shop.status(long) == JobStatus.CANCELLED
