"""What searches for training settings have found."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Job
from ml.contract import Tuned

FOUND = "found"
"""Where a job's `spec` keeps what its search found."""


def list_found(session: Session, project_id: int) -> dict[str, Tuned]:
    """Return model → what the newest search that came to its end found for it."""
    query = select(Job.spec).where(Job.project_id == project_id, Job.kind == "tune", Job.finished_at.is_not(None))
    found = [spec[FOUND] for spec in session.scalars(query.order_by(Job.created_at)) if FOUND in spec]
    return {tuned["model"]: Tuned(**tuned) for tuned in found}
