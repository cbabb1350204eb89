"""Reads about jobs, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.jobs.queue import JobStatus, list_ahead, progress, status_of
from app.languages import gettext as _
from app.models import Bakeoff, Job, JobMetric, Project, Round, User, now
from ml.events import Progress

SHOWN = 50


def title_of(job: Job) -> str:
    """Return what a job does, for people."""
    titles = {
        "pretrain": _("Learn from the unlabelled images"),
        "label": _("Train the labelers"),
        "bakeoff": _("Train the classifiers"),
        "export": _("Make a model for other programs"),
        "tune": _("Search for settings"),
    }
    return titles.get(job.kind, job.kind)


@dataclass(frozen=True)
class JobView:
    """A job as pages show it."""

    job: Job
    status: JobStatus
    progress: Progress | None
    by: str | None
    round: int | None
    """The round that came of it; None: none, or it is no job of the labelers."""
    bakeoff: int | None

    @property
    def title(self) -> str:
        return title_of(self.job)

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
        raise NotFoundError(_("There is no such job."))
    return _views(session, [(row[0], row[1])])[0]


def _views(session: Session, rows: Sequence[tuple[Job, str | None]]) -> list[JobView]:
    ids = [job.id for job, _email in rows]
    states = status_of(session, ids)
    rounds, bakeoffs = (
        dict(session.execute(select(made.job_id, made.number).where(made.job_id.in_(ids))).all())
        for made in (Round, Bakeoff)
    )
    return [
        JobView(
            job=job,
            status=states.get(job.id, JobStatus.FAILED),
            progress=progress(job),
            by=email,
            round=rounds.get(job.id),
            bakeoff=bakeoffs.get(job.id),
        )
        for job, email in rows
    ]


@dataclass(frozen=True)
class Ahead:
    """What a waiting job waits for."""

    name: str
    """Of the job that runs, as people call it: `round 8 of eyes`."""
    more: int
    """Jobs that come next, and still before the waiting one."""
    done: float
    total: float

    def __str__(self) -> str:
        share = self.done / self.total if self.total else 0.0
        return f"{self.name}, {share * 100:.0f} %{f', then {self.more} more' if self.more else ''}"


def find_ahead(session: Session, job_id: str) -> Ahead | None:
    """Return what this job waits for; None: only for a worker."""
    if not (jobs := list_ahead(session, job_id)):
        return None
    at = progress(jobs[0])
    return Ahead(_name(session, jobs[0]), len(jobs) - 1, at.done if at else 0, at.total if at else 0)


def _name(session: Session, job: Job) -> str:
    project = session.get_one(Project, job.project_id).name
    numbered = {
        "label": ("round", select(func.max(Round.number)).where(Round.project_id == job.project_id)),
        "bakeoff": ("bake-off", select(func.max(Bakeoff.number)).where(Bakeoff.project_id == job.project_id)),
    }
    if job.kind not in numbered:
        return f"“{title_of(job)}” of {project}"
    noun, newest = numbered[job.kind]
    return f"{noun} {(session.scalar(newest) or 0) + 1} of {project}"


def list_active(session: Session, project_id: int) -> list[JobView]:
    return [view for view in list_jobs(session, project_id) if not view.status.is_over]


def has_curves(session: Session, job_id: str) -> bool:
    return bool(session.scalar(select(exists().where(JobMetric.job_id == job_id))))


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
