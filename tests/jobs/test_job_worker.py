"""What the engine promises for jobs that go well or badly, while the worker itself stays alive."""

from __future__ import annotations

import os
import signal

import psutil
from sqlalchemy import select

from app.jobs.queue import JobStatus, cancel, progress, resume
from app.models import JobMetric
from tests.jobs.conftest import Shop, eventually, is_gone
from tests.jobs.fake_kinds import PUBLISHED


def test_ctrl_c_in_the_terminal_is_for_us_and_not_for_the_worker(shop: Shop):
    """It goes to all of a process group; a worker that ends by it would be started again while we say goodbye."""
    assert os.getpgid(shop.worker_pid()) != os.getpgid(0)


def test_a_job_is_prepared_trained_and_published(shop: Shop):
    job_id = shop.submit(epochs=3)
    assert shop.finish(job_id) == JobStatus.DONE
    job = shop.job(job_id)
    assert (job.error, job.attempts, shop.published(job_id)) == (None, 1, 1)
    assert job.created_at < job.started_at < job.finished_at


def test_progress_and_curves_are_stored_and_what_is_not_finite_is_left_out(shop: Shop):
    job_id = shop.submit(epochs=3)
    shop.finish(job_id)
    told = progress(shop.job(job_id))
    assert (told.stage, told.done, told.total, told.epoch, told.loss) == ("Fake", 3, 3, 3, None)
    with shop.database.read() as session:
        points = session.scalars(
            select(JobMetric).where(JobMetric.job_id == job_id, JobMetric.series != PUBLISHED)
        ).all()
    assert {(p.name, p.step, round(p.value, 3)) for p in points} == {
        ("train_loss", 0, 1.0),
        ("train_loss", 1, 0.5),
        ("train_loss", 2, 0.333),
    }


def test_refused_inputs_fail_the_job_at_once_with_their_sentence(shop: Shop):
    job_id = shop.submit(refuse="eyes.zip: row 3 has no label.")
    assert shop.finish(job_id) == JobStatus.FAILED
    assert shop.job(job_id).error == "eyes.zip: row 3 has no label."
    assert (shop.run(job_id) / "prepared").read_text() == "once\n"


def test_the_sentence_of_a_failing_child_is_shown_and_not_tried_again(shop: Shop):
    job_id = shop.submit(sentence="resnet50.pth is not in the weights folder.")
    assert shop.finish(job_id) == JobStatus.FAILED
    job = shop.job(job_id)
    assert (job.error, job.attempts) == ("resnet50.pth is not in the weights folder.", 1)


def test_a_child_that_dies_without_a_word_points_to_its_log(shop: Shop):
    job_id = shop.submit(exit=3)
    assert shop.finish(job_id) == JobStatus.FAILED
    assert shop.job(job_id).error == (
        "The training process stopped unexpectedly (exit code 3); the log says more."
    )
    assert "something printed" in shop.log(job_id)
    assert "something complained" in shop.log(job_id)


def test_a_child_that_ends_well_without_a_result_has_failed(shop: Shop):
    job_id = shop.submit(exit=0)
    assert shop.finish(job_id) == JobStatus.FAILED
    assert "without a result" in shop.job(job_id).error


def test_an_error_in_our_own_code_fails_the_job_and_leaves_its_traceback_in_the_log(shop: Shop):
    job_id = shop.submit(bug=True)
    assert shop.finish(job_id) == JobStatus.FAILED
    assert shop.job(job_id).error == "The job stopped on an error in Squint itself; the log says more."
    assert "ZeroDivisionError" in shop.log(job_id)


def test_a_child_that_was_killed_is_started_again_and_goes_on_from_its_checkpoint(shop: Shop):
    job_id = shop.submit(epochs=4, hold=2)
    first = shop.child(job_id, epochs=2)
    psutil.Process(first).kill()
    second = shop.child(job_id, other_than=first)
    shop.let_go(job_id)
    assert shop.finish(job_id) == JobStatus.DONE
    assert shop.epochs(job_id) == [[0, first], [1, first], [2, second], [3, second]]
    assert (shop.job(job_id).attempts, shop.published(job_id)) == (2, 1)
    assert "ran out of memory" in shop.log(job_id)


def test_a_child_that_always_crashes_is_given_up_after_three_attempts(shop: Shop):
    job_id = shop.submit(crash=int(signal.SIGSEGV), crash_always=True)
    assert shop.finish(job_id) == JobStatus.FAILED
    job = shop.job(job_id)
    assert (job.error, job.attempts) == ("The training process crashed (segmentation fault).", 3)


def test_cancel_frees_the_cpu_within_two_seconds_even_of_a_deaf_child_and_its_children(shop: Shop):
    job_id = shop.submit(deaf=True, grandchild=True, hold=1)
    child = shop.child(job_id, epochs=1)
    grandchild = int((shop.run(job_id) / "grandchild").read_text())
    cancel(shop.database, job_id)
    assert eventually(lambda: is_gone(child) and is_gone(grandchild)) < 2
    assert shop.status(job_id) == JobStatus.CANCELLED
    assert (shop.job(job_id).error, shop.published(job_id)) == ("Cancelled.", 0)


def test_a_cancelled_job_that_is_retried_goes_on_where_it_was(shop: Shop):
    job_id = shop.submit(epochs=3, hold=2)
    first = shop.child(job_id, epochs=2)
    cancel(shop.database, job_id)
    resume(shop.database, job_id)
    second = shop.child(job_id, other_than=first)
    shop.let_go(job_id)
    assert shop.finish(job_id) == JobStatus.DONE
    assert shop.epochs(job_id) == [[0, first], [1, first], [2, second]]
    assert (shop.job(job_id).error, shop.published(job_id)) == (None, 1)


def test_a_failed_job_can_be_retried_and_its_inputs_stay_frozen(shop: Shop):
    job_id = shop.submit(sentence="Not yet.")
    shop.finish(job_id)
    manifest = shop.run(job_id) / "manifest.json"
    manifest.write_text('{"epochs": 1}')
    resume(shop.database, job_id)
    assert shop.finish(job_id) == JobStatus.DONE
    assert (shop.job(job_id).error, len(shop.epochs(job_id))) == (None, 1)


def test_a_cancelled_waiting_job_never_runs(shop: Shop):
    busy, waiting, behind = shop.submit(hold=1), shop.submit(), shop.submit()
    shop.child(busy)
    cancel(shop.database, waiting)
    shop.let_go(busy)
    assert shop.finish(behind) == JobStatus.DONE
    assert shop.status(waiting) == JobStatus.CANCELLED
    assert not shop.run(waiting).exists()


def test_a_worker_has_no_torch_and_its_child_has_a_low_priority(shop: Shop):
    job_id = shop.submit(hold=1)
    child = psutil.Process(shop.child(job_id))
    worker = child.parent()
    eventually(lambda: child.nice() > worker.nice())
    assert not [path for path in worker.memory_maps() if "torch" in path.path]
    shop.let_go(job_id)
    shop.finish(job_id)
