"""Several workers on one queue: what happens when one of them hangs, ends or dies."""

from __future__ import annotations

import os
import signal
import time

from app.jobs.queue import JobStatus
from tests.jobs.conftest import Shop, eventually, is_gone


def test_two_workers_share_the_queue_and_do_each_job_once(empty_shop: Shop):
    jobs = [empty_shop.submit(epochs=1, seconds=0.3) for _ in range(8)]
    with empty_shop.worker(), empty_shop.worker():
        assert [empty_shop.finish(job) for job in jobs] == [JobStatus.DONE] * 8
    assert [empty_shop.published(job) for job in jobs] == [1] * 8
    assert [len(empty_shop.epochs(job)) for job in jobs] == [1] * 8
    executors = {empty_shop.log(job).split(" on ")[1].split("\n")[0] for job in jobs}
    assert len(executors) == 2


def test_a_hanging_worker_loses_its_job_to_another_and_can_change_nothing_afterwards(empty_shop: Shop):
    job_id = empty_shop.submit(epochs=24, seconds=0.2)
    with empty_shop.worker() as hanging:
        first = empty_shop.wait_for_epoch(job_id, 0)
        with empty_shop.worker():
            os.kill(hanging.pid, signal.SIGSTOP)
            eventually(lambda: is_gone(first))
            eventually(lambda: empty_shop.epochs(job_id)[-1][1] != first)
            os.kill(hanging.pid, signal.SIGCONT)
            assert hanging.wait(5) == 1
            assert empty_shop.finish(job_id) == JobStatus.DONE
    assert [epoch for epoch, _ in empty_shop.epochs(job_id)] == list(range(24))
    assert (empty_shop.published(job_id), empty_shop.job(job_id).attempts) == (1, 2)


def test_sigterm_ends_worker_and_child_within_two_seconds_and_the_next_worker_goes_on(empty_shop: Shop):
    job_id = empty_shop.submit(epochs=6, seconds=0.25, deaf=True)
    with empty_shop.worker() as worker:
        child = empty_shop.wait_for_epoch(job_id, 0)
        start = time.monotonic()
        worker.terminate()
        assert worker.wait(5) == 0
        eventually(lambda: is_gone(child))
        assert time.monotonic() - start < 2
        assert not empty_shop.workers()
        assert empty_shop.status(job_id) == JobStatus.RUNNING
    with empty_shop.worker():
        assert empty_shop.finish(job_id) == JobStatus.DONE
    assert empty_shop.epochs(job_id)[0][1] == child != empty_shop.epochs(job_id)[-1][1]
