"""The five verbs of background work: submit, cancel, resume, status, progress. DBOS stands behind them.

A job's state is read from DBOS by the job's id and kept nowhere else; `job` holds what people want to know about
it. Nothing here starts a thread or loads torch, so the web process may use all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, case, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.errors import ConflictError, NotFoundError
from app.jobs.engine import QUEUE, WORKFLOW, client_of, prepare_job_tables, workflows_of
from app.languages import gettext as _
from app.models import Job
from app.models.base import now
from ml.events import Progress
from ml.rundir import LOG

__all__ = [
    "JobStatus",
    "cancel",
    "find_active",
    "list_ahead",
    "log_path",
    "prepare_job_tables",
    "progress",
    "resume",
    "run_folder",
    "status_of",
    "submit",
]


class JobStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in {JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED}


STATUS = {
    "ENQUEUED": JobStatus.WAITING,
    "DELAYED": JobStatus.WAITING,
    "PENDING": JobStatus.RUNNING,
    "SUCCESS": JobStatus.DONE,
    "ERROR": JobStatus.FAILED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}
RUNNING = "PENDING"
CANCELLED = "Cancelled."
ACTIVE = [name for name, status in STATUS.items() if not status.is_over]


def submit(session: Session, kind: str, project_id: int, spec: dict[str, Any], user_id: int | None) -> Job:
    """Queue a job in the caller's transaction: it exists when, and only when, that commits.

    A project has at most one waiting or running job of a kind: while there is one, that one is returned, and
    `spec` is dropped.
    """
    from dbos import error  # noqa: PLC0415  slow to import

    while True:
        if active := find_active(session, kind, project_id):
            return active
        try:
            with session.begin_nested():
                return _enqueue(session, kind, project_id, spec, user_id)
        except error.DBOSQueueDeduplicatedError:
            # Somebody else was faster; theirs is committed by now, or already over.
            continue


def _enqueue(session: Session, kind: str, project_id: int, spec: dict[str, Any], user_id: int | None) -> Job:
    job = Job(id=str(uuid4()), kind=kind, project_id=project_id, spec=spec, created_by_id=user_id)
    session.add(job)
    session.flush()
    client_of(_engine(session)).enqueue_in_transaction(
        session,
        {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": job.id,
            "deduplication_id": f"{kind}-{project_id}",
        },
        job.id,
    )
    return job


def find_active(session: Session, kind: str, project_id: int) -> Job | None:
    """Return the project's waiting or running job of this kind."""
    workflows = workflows_of(_engine(session))
    return session.scalar(
        select(Job)
        .join(workflows, workflows.c.workflow_uuid == Job.id)
        .where(Job.project_id == project_id, Job.kind == kind, workflows.c.status.in_(ACTIVE))
        .order_by(Job.created_at)
        .limit(1)
    )


def list_ahead(session: Session, job_id: str) -> list[Job]:
    """Return what a waiting job waits for, in all projects: the jobs that run, then those queued before it."""
    workflows = workflows_of(_engine(session))
    queued = select(Job.created_at).where(Job.id == job_id).scalar_subquery()
    runs = workflows.c.status == RUNNING
    return list(
        session.scalars(
            select(Job)
            .join(workflows, workflows.c.workflow_uuid == Job.id)
            .where(Job.id != job_id, runs | (workflows.c.status.in_(ACTIVE) & (Job.created_at < queued)))
            .order_by(case((runs, 0), else_=1), Job.created_at)
        )
    )


def status_of(session: Session, ids: Iterable[str]) -> dict[str, JobStatus]:
    """Return the status of these jobs, as the session's transaction sees them; an unknown id is left out."""
    workflows = workflows_of(_engine(session))
    rows = session.execute(
        select(workflows.c.workflow_uuid, workflows.c.status).where(workflows.c.workflow_uuid.in_(list(ids)))
    )
    return {row.workflow_uuid: STATUS[row.status] for row in rows}


def cancel(database: Database, job_id: str) -> None:
    """Stop a waiting or running job; one that is over stays as it is. Its CPU is free within two seconds.

    Raise NotFoundError for an unknown job. Call this outside a write transaction: it makes its own, and SQLite
    has one writer at a time.
    """
    client_of(database.engine).cancel_workflow(job_id)
    with database.write() as session:
        job, status = _locked(session, job_id)
        if status == JobStatus.CANCELLED and job.finished_at is None:
            job.error, job.finished_at = CANCELLED, now()


def resume(database: Database, job_id: str) -> None:
    """Queue a failed or cancelled job again; it goes on from its last checkpoint, with a fresh count of attempts.

    Raise NotFoundError for an unknown job, and ConflictError when it is not over, is done, or when the project
    has another such job by now. Call this outside a write transaction.
    """
    from dbos import error  # noqa: PLC0415  slow to import

    with database.write() as session:
        job, status = _locked(session, job_id)
        if status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
            raise ConflictError(
                _("Only a failed or cancelled job can be retried; this one is %(status)s.")
                % {"status": _(status.value)}
            )
        if find_active(session, job.kind, job.project_id):
            raise ConflictError(_("A newer job of this kind is already waiting or running in this project."))
        job.error, job.attempts, job.started_at, job.finished_at = None, 0, None, None
    try:
        client_of(database.engine).rewind_workflow(job_id, queue_name=QUEUE)
    except error.DBOSException as raised:
        raise ConflictError(_("Somebody else has just retried this job.")) from raised


def _locked(session: Session, job_id: str) -> tuple[Job, JobStatus]:
    job = session.get(Job, job_id, with_for_update=True)
    status = status_of(session, [job_id]).get(job_id)
    if job is None or status is None:
        raise NotFoundError(_("There is no such job."))
    return job, status


def progress(job: Job) -> Progress | None:
    """Return how far the job is, or None before it has said so."""
    known = {field.name for field in fields(Progress)}
    return (
        Progress(**{name: value for name, value in job.progress.items() if name in known})
        if job.progress
        else None
    )


def run_folder(settings: Settings, job_id: str) -> Path:
    return settings.runs_dir / job_id


def log_path(settings: Settings, job_id: str) -> Path:
    """Return where the job's log is, once it has started."""
    return run_folder(settings, job_id) / LOG


def _engine(session: Session) -> Engine:
    bind = session.get_bind()
    return bind.engine
