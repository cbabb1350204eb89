"""Trainings as other programs keep them: one run a model, with its curve, settings and figures."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.languages import gettext as _
from app.models import Bakeoff, Classifier, JobMetric, Project
from ml.tracking import TrackedRun


def list_runs(session: Session, project: Project) -> list[TrackedRun]:
    """Return every classifier's training, oldest first; raise NotFoundError when there is none."""
    rows = session.execute(
        select(Bakeoff, Classifier)
        .join(Classifier, Classifier.bakeoff_id == Bakeoff.id)
        .where(Bakeoff.project_id == project.id)
        .order_by(Bakeoff.number, Classifier.position)
    )
    runs = [_run(session, project, bakeoff, classifier) for bakeoff, classifier in rows]
    if not runs:
        raise NotFoundError(
            _("%(project)s has no classifiers yet; run a bake-off first.") % {"project": project.name}
        )
    return runs


def _run(session: Session, project: Project, bakeoff: Bakeoff, classifier: Classifier) -> TrackedRun:
    points = session.execute(
        select(JobMetric.name, JobMetric.step, JobMetric.value)
        .where(JobMetric.job_id == bakeoff.job_id, JobMetric.series == classifier.name)
        .order_by(JobMetric.name, JobMetric.step)
    )
    report = bakeoff.report
    told = {**report.get("settings", {}), "preset": report.get("preset"), "seed": report.get("seed"),
            "image_set": report.get("image_set"), "code": report.get("environment", {}).get("code"),
            "weights": classifier.weights, "parameters": classifier.parameters,
            "best_epoch": classifier.best_epoch}  # fmt: skip
    figures = classifier.metrics.get("figures", {})
    return TrackedRun(
        project.name, bakeoff.number, classifier.name, list(points),
        {name: str(value) for name, value in told.items() if value is not None},
        {name: f["value"] for name, f in figures.items() if isinstance(f, dict) and f.get("value") is not None},
        int(bakeoff.created_at.timestamp() * 1000),
    )  # fmt: skip
