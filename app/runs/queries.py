"""Reads about jobs, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.jobs.queue import JobStatus, progress, status_of
from app.models import Job, JobMetric, Project, User, now
from ml.events import Progress

TITLES = {
    "pretrain": "Learn from the unlabelled images",
    "label": "Train the labelers",
    "bakeoff": "Train the classifiers",
    "export": "Make a model for other programs",
    "tune": "Search for settings",
}
SHOWN = 50


@dataclass(frozen=True)
class JobView:
    """A job as pages show it."""

    job: Job
    status: JobStatus
    progress: Progress | None
    by: str | None

    @property
    def title(self) -> str:
        return TITLES.get(self.job.kind, self.job.kind)

    @property
    def tone(self) -> str:
        tones = {JobStatus.DONE: "good", JobStatus.FAILED: "bad", JobStatus.RUNNING: "running"}
        return tones.get(self.status, "")

    @property
    def seconds(self) -> float | None:
        if self.job.started_at is None:
            return None
        return ((self.job.finished_at or now()) - self.job.started_at).total_seconds()

    @property
    def can_retry(self) -> bool:
        return self.status in {JobStatus.FAILED, JobStatus.CANCELLED}


def list_jobs(session: Session, project_id: int) -> list[JobView]:
    """Return the project's newest jobs, newest first."""
    rows = session.execute(
        select(Job, User.email)
        .outerjoin(User, User.id == Job.created_by_id)
        .where(Job.project_id == project_id)
        .order_by(Job.created_at.desc(), Job.id)
        .limit(SHOWN)
    )
    return _views(session, [(row[0], row[1]) for row in rows])


def get_job(session: Session, project: Project, job_id: str) -> JobView:
    row = session.execute(
        select(Job, User.email)
        .outerjoin(User, User.id == Job.created_by_id)
        .where(Job.project_id == project.id, Job.id == job_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such job.")
    return _views(session, [(row[0], row[1])])[0]


def _views(session: Session, rows: Sequence[tuple[Job, str | None]]) -> list[JobView]:
    states = status_of(session, [job.id for job, _email in rows])
    return [JobView(job, states.get(job.id, JobStatus.FAILED), progress(job), email) for job, email in rows]


def list_active(session: Session, project_id: int) -> list[JobView]:
    return [view for view in list_jobs(session, project_id) if not view.status.is_over]


Curves = dict[str, dict[str, list[float]]]


def curves(session: Session, job_id: str) -> Curves:
    """Return series → metric → values by epoch, from epoch 1 on."""
    found: Curves = {}
    rows = session.execute(
        select(JobMetric.series, JobMetric.name, JobMetric.value)
        .where(JobMetric.job_id == job_id)
        .order_by(JobMetric.series, JobMetric.name, JobMetric.step)
    )
    for series, name, value in rows:
        found.setdefault(series, {}).setdefault(name, []).append(round(value, 5))
    return found
