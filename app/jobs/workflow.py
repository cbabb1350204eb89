"""What a worker does with a job: prepare → train → publish, steps that DBOS does not repeat once they are done.

How far training is, epoch by epoch, is the run folder's business: checkpoints resume under newer code too.
"""

from __future__ import annotations

import errno
import logging
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from dbos import DBOS, PortableWorkflowError

from app.config import Settings
from app.db import Database
from app.errors import AppError
from app.jobs import attempts
from app.jobs.attempts import Attempt, JobFailedError, SupersededError
from app.jobs.child import run_child
from app.jobs.engine import WORKFLOW
from app.jobs.queue import log_path, run_folder
from app.jobs.registry import JobKind, find_kind
from app.models import Job
from app.models.base import now
from ml.events import MetricPoint, Progress
from ml.rundir import MANIFEST, is_done

log = logging.getLogger(__name__)

GIVEN_UP = "The job took the worker down with it {} times, and was given up; the log says more."
INTERNAL = "The job stopped on an error in Squint itself; the log says more."
FULL = "The disk is full: free some space, then retry the job."


@dataclass(frozen=True)
class Workplace:
    """Where jobs are executed."""

    database: Database
    settings: Settings
    executor: str


def define_workflow(place: Workplace) -> None:
    """Tell DBOS what a job is; to be called before its launch."""

    # Attempts are counted by us: DBOS forgets its own count when a job is handed over.
    @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
    def job(job_id: str) -> None:
        execute(place, job_id)


def execute(place: Workplace, job_id: str) -> None:
    """Run one attempt; raise JobFailedError with the sentence that `job.error` then holds."""
    attempt = attempts.begin(place.database, place.executor, job_id, place.settings.job_attempts)
    if attempt is None:
        return
    execution = Execution(place, attempt)
    try:
        execution.check_count()
        for name, step in (
            ("prepare", execution.prepare),
            ("train", execution.train),
            ("publish", execution.publish),
        ):
            DBOS.run_step({"name": name}, step)
    except SupersededError:
        raise
    except Exception as error:  # noqa: BLE001  a job that failed is told, whatever the reason
        sentence = execution.explain(error)
        attempts.fail(place.database, execution.attempt, sentence)
        log.info("Job %s failed: %s", job_id, sentence)
        raise JobFailedError(sentence) from None
    log.info("Job %s is done.", job_id)


class Execution:
    """One execution of a job by this worker; `attempt` changes when its child crashed and is started again."""

    def __init__(self, place: Workplace, attempt: Attempt) -> None:
        self.place = place
        self.attempt = attempt
        self.run = run_folder(place.settings, attempt.job_id).resolve()
        self.run.mkdir(parents=True, exist_ok=True)
        self._log(f"{now():%Y-%m-%d %H:%M:%S} UTC: attempt {attempt.number} on {attempt.executor}")

    def check_count(self) -> None:
        most = self.place.settings.job_attempts
        if self.attempt.number > most:
            raise JobFailedError(GIVEN_UP.format(most))

    def prepare(self) -> None:
        job, kind = self._job()
        if not (self.run / MANIFEST).exists():
            kind.prepare(self.place.database, self.place.settings, job, self.run)

    def train(self) -> None:
        self.prepare()  # done already, unless the run folder was lost since: a backup holds none that is not over
        _, kind = self._job()
        limit_s = self.place.settings.job_time_limit_s
        while not is_done(self.run):
            ending = run_child(
                kind.child(self.run), self.run, heard=self._heard, check=self._check, limit_s=limit_s
            )
            if is_done(self.run):
                break
            if ending is None:
                raise JobFailedError("The training process ended without a result; the log says more.")
            if not ending.is_crash or self.attempt.number >= self.place.settings.job_attempts:
                raise JobFailedError(ending.sentence)
            self._log(f"{ending.sentence} Trying again.")
            self._try_again()

    def publish(self) -> None:
        _, kind = self._job()
        write = partial(attempts.write, self.place.database, self.attempt)
        name = kind.put_in(write, self.place.settings, self.run)
        attempts.publish(self.place.database, self.attempt, name)

    def explain(self, error: Exception) -> str:
        """Return the sentence for people; what nobody foresaw goes to the log with its traceback."""
        if isinstance(error, (AppError, JobFailedError, PortableWorkflowError)):
            return str(error)
        self._log("".join(traceback.format_exception(error)))
        log.error("Job %s stopped on an error.", self.attempt.job_id, exc_info=error)
        return FULL if isinstance(error, OSError) and error.errno == errno.ENOSPC else INTERNAL

    def _job(self) -> tuple[Job, JobKind]:
        with self.place.database.read() as session:
            job = session.get(Job, self.attempt.job_id)
        if job is None:
            raise SupersededError("The job was deleted.")
        kind = find_kind(job.kind)
        if kind is None:
            raise JobFailedError(f"This version of Squint knows no job of the kind {job.kind}.")
        return job, kind

    def _try_again(self) -> None:
        attempt = attempts.begin(
            self.place.database,
            self.attempt.executor,
            self.attempt.job_id,
            self.place.settings.job_attempts,
        )
        if attempt is None:
            raise SupersededError("The job was published by somebody else.")
        self.attempt = attempt

    def _heard(self, progress: Progress | None, points: Sequence[MetricPoint]) -> None:
        attempts.save_news(self.place.database, self.attempt, progress, points)

    def _check(self) -> None:
        if not attempts.is_held(self.place.database, self.attempt):
            raise SupersededError("The job was cancelled, or belongs to another worker by now.")

    def _log(self, text: str) -> None:
        with suppress(OSError), log_path(self.place.settings, self.attempt.job_id).open("a") as stream:
            stream.write(f"{text.rstrip()}\n")
