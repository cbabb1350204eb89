"""Several workers on one queue: what happens when one of them hangs, ends or dies."""

from __future__ import annotations

import os
import shutil
import signal
import time

from app.jobs.queue import JobStatus
from tests.jobs.conftest import Shop, eventually, is_gone


def test_two_workers_share_the_queue_and_do_each_job_once(empty_shop: Shop):
    jobs = [empty_shop.submit(epochs=1, seconds=0.3) for _ in range(6)]
    with empty_shop.worker(), empty_shop.worker():
        assert [empty_shop.finish(job) for job in jobs] == [JobStatus.DONE] * 6
    assert [empty_shop.published(job) for job in jobs] == [1] * 6
    assert [len(empty_shop.epochs(job)) for job in jobs] == [1] * 6
    executors = {empty_shop.log(job).split(" on ")[1].split("\n")[0] for job in jobs}
    assert len(executors) == 2


def test_a_hanging_worker_loses_its_job_to_another_and_can_change_nothing_afterwards(empty_shop: Shop):
    job_id = empty_shop.submit(epochs=3, hold=1)
    with empty_shop.worker() as hanging:
        first = empty_shop.child(job_id, epochs=1)
        os.kill(hanging.pid, signal.SIGSTOP)
        with empty_shop.worker():
            second = empty_shop.child(job_id, other_than=first)
            assert is_gone(first)
            os.kill(hanging.pid, signal.SIGCONT)
            assert hanging.wait(20) == 1
            empty_shop.let_go(job_id)
            assert empty_shop.finish(job_id) == JobStatus.DONE
    assert empty_shop.epochs(job_id) == [[0, first], [1, second], [2, second]]
    assert (empty_shop.published(job_id), empty_shop.job(job_id).attempts) == (1, 2)


def test_sigterm_ends_worker_and_child_within_two_seconds_and_the_next_worker_goes_on(empty_shop: Shop):
    job_id = empty_shop.submit(hold=1, deaf=True)
    with empty_shop.worker() as worker:
        first = empty_shop.child(job_id, epochs=1)
        start = time.monotonic()
        worker.terminate()
        assert worker.wait(20) == 0
        eventually(lambda: is_gone(first))
        assert time.monotonic() - start < 2
        assert not empty_shop.workers()
        assert empty_shop.status(job_id) == JobStatus.RUNNING
    empty_shop.let_go(job_id)
    with empty_shop.worker():
        assert empty_shop.finish(job_id) == JobStatus.DONE
    assert empty_shop.epochs(job_id)[0] == [0, first]
    assert empty_shop.published(job_id) == 1


def test_a_job_whose_run_folder_was_lost_begins_anew(empty_shop: Shop):
    """As after a restore: a backup holds no run that is not over."""
    job_id = empty_shop.submit(hold=1)
    with empty_shop.worker() as worker:
        empty_shop.child(job_id, epochs=1)
        worker.kill()
    shutil.rmtree(empty_shop.run(job_id))
    with empty_shop.worker():
        second = empty_shop.child(job_id, epochs=1)
        empty_shop.let_go(job_id)
        assert empty_shop.finish(job_id) == JobStatus.DONE
    assert empty_shop.epochs(job_id) == [[0, second], [1, second]]
