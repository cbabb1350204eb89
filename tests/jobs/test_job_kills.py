"""kill -9, at the worst moments: every job ends or resumes by itself, and nothing is done twice."""

from __future__ import annotations

import os
import signal

from app.jobs.queue import JobStatus
from tests.jobs.conftest import Shop, eventually, is_gone

SETTINGS = {"job_attempts": 2}


def test_a_worker_killed_in_mid_job_is_restarted_and_the_job_goes_on_at_its_last_epoch(shop: Shop):
    job_id = shop.submit(epochs=4, hold=2)
    first = shop.child(job_id, epochs=2)
    os.kill(shop.worker_pid(), signal.SIGKILL)
    assert eventually(lambda: is_gone(first)) < 2
    second = shop.child(job_id, other_than=first)
    shop.let_go(job_id)
    assert shop.finish(job_id) == JobStatus.DONE
    assert shop.epochs(job_id) == [[0, first], [1, first], [2, second], [3, second]]
    assert (shop.run(job_id) / "prepared").read_text() == "once\n"
    assert (shop.job(job_id).attempts, shop.published(job_id)) == (2, 1)


def test_a_job_killed_before_its_results_are_committed_publishes_them_once(shop: Shop):
    job_id = shop.submit(die="before commit")
    assert shop.finish(job_id) == JobStatus.DONE
    assert shop.published(job_id) == 1
    assert len(shop.epochs(job_id)) == 2


def test_a_job_killed_between_its_results_and_their_record_publishes_them_once(shop: Shop):
    job_id = shop.submit(die="after commit")
    assert shop.finish(job_id) == JobStatus.DONE
    assert shop.published(job_id) == 1
    assert shop.job(job_id).attempts == 1


def test_a_job_that_kills_its_worker_each_time_is_parked_and_the_queue_goes_on(shop: Shop):
    poison, behind = shop.submit(poison=True), shop.submit()
    assert shop.finish(poison) == JobStatus.FAILED
    job = shop.job(poison)
    assert job.attempts == 2
    assert job.error.startswith("The job took the worker down with it 2 times, and was given up")
    assert shop.finish(behind) == JobStatus.DONE
