"""One execution of a job and its right to write, which ends when the job is cancelled or given to another worker.

DBOS fences its own rows; these functions fence ours. The token is the time at which the attempt started: whoever
starts the job anew, or retries it, replaces it, and the older execution can change nothing any more. A job that
is finished without an error is published.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from app.db import Database
from app.jobs.engine import workflows_of
from app.models import Job, JobMetric
from app.models.base import now
from ml.events import MetricPoint, Progress

Result = TypeVar("Result")
NO_ANSWER = (OperationalError, PoolTimeoutError)
"""What SQLAlchemy raises while the database is away or locked."""
WAITS_S = (1, 2, 4, 8, 15, 30)


class JobFailedError(Exception):
    """`str(error)` is the sentence that people read; the job is not tried again by itself."""


class SupersededError(Exception):
    """The job was cancelled or deleted, or another worker has it by now: stop, and write nothing."""


@dataclass(frozen=True)
class Attempt:
    job_id: str
    executor: str
    number: int
    """1 for the first since the job was submitted or retried by a person."""
    started_at: datetime


def begin(database: Database, executor: str, job_id: str, most: int) -> Attempt | None:
    """Count one more attempt and take over the right to write.

    Return None when the job was published already and only DBOS does not know it yet. A number above `most` means
    that the job must be given up. Raise SupersededError when the job is not this executor's.
    """

    def count() -> Attempt | None:
        with database.write() as session:
            job = _locked(session, _claimed(session, job_id, executor))
            if job.finished_at and not job.error:
                return None
            number = job.attempts + 1
            job.attempts, job.started_at = min(number, most), now()
            job.finished_at = job.error = None
            return Attempt(job_id, executor, number, job.started_at)

    return patiently(count)


def is_held(database: Database, attempt: Attempt) -> bool:
    """Whether the attempt may go on. A database that does not answer is no reason to stop."""
    try:
        with database.read() as session:
            return session.scalar(_held(session, attempt).with_only_columns(Job.id)) is not None
    except NO_ANSWER:
        return True


def save_news(
    database: Database, attempt: Attempt, progress: Progress | None, points: Sequence[MetricPoint]
) -> None:
    """Store the newest progress and points of curves; a point that a resumed epoch repeats is replaced."""
    with database.write() as session:
        job = _locked(session, _held(session, attempt))
        if progress:
            job.progress = asdict(progress)
        if points:
            _upsert(session, attempt.job_id, points)


def publish(database: Database, attempt: Attempt, put: Callable[[Session, Job], None]) -> None:
    """Run `put` and mark the job as published, in one transaction: it commits once for a job, or never."""

    def store(session: Session, job: Job) -> None:
        put(session, job)
        job.finished_at = now()

    write(database, attempt, store)


def write(database: Database, attempt: Attempt, put: Callable[[Session, Job], Result]) -> Result:
    """Return what `put` does in a transaction of its own."""

    def store() -> Result:
        with database.write() as session:
            return put(session, _locked(session, _held(session, attempt)))

    return patiently(store)


def fail(database: Database, attempt: Attempt, sentence: str) -> None:
    """Store why the job failed, for people."""

    def store(_session: Session, job: Job) -> None:
        job.error, job.finished_at = sentence, now()

    write(database, attempt, store)


def patiently(call: Callable[[], Result]) -> Result:
    """Call again while the database does not answer, for about a minute."""
    for wait_s in WAITS_S:
        try:
            return call()
        except NO_ANSWER:
            time.sleep(wait_s)
    return call()


def _claimed(session: Session, job_id: str, executor: str) -> Select[Job]:
    workflows = workflows_of(session.get_bind().engine)
    return (
        select(Job)
        .join(workflows, workflows.c.workflow_uuid == Job.id)
        .where(Job.id == job_id, workflows.c.status == "PENDING", workflows.c.executor_id == executor)
    )


def _held(session: Session, attempt: Attempt) -> Select[Job]:
    return _claimed(session, attempt.job_id, attempt.executor).where(
        Job.started_at == attempt.started_at, Job.finished_at.is_(None)
    )


def _locked(session: Session, query: Select[Job]) -> Job:
    job = session.scalar(query.with_for_update(of=Job))
    if job is None:
        raise SupersededError("This job is no longer ours.")
    return job


def _upsert(session: Session, job_id: str, points: Sequence[MetricPoint]) -> None:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert(JobMetric) if on_sqlite else postgresql.insert(JobMetric)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["job_id", "series", "name", "step"], set_={"value": insert.excluded.value}
        ),
        [
            {"job_id": job_id, "series": p.series[:60], "name": p.name[:40], "step": p.step, "value": p.value}
            for p in points
        ],
    )
