"""Clears away what deleted jobs leave behind: DBOS's rows, and run folders but for their models."""

from __future__ import annotations

import shutil

from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.jobs.engine import APPLICATION, client_of, workflows_of
from app.jobs.queue import run_folder
from app.models import Job
from ml.rundir import MODELS


def sweep(database: Database, settings: Settings) -> list[str]:
    """Stop and forget workflows whose job was deleted; return their ids."""
    ids = _without_job(database)
    if ids:
        client = client_of(database.engine)
        client.cancel_workflows(ids)
        client.delete_workflows(ids)
    for job_id in ids:
        _clear(settings, job_id)
    return ids


def _without_job(database: Database) -> list[str]:
    workflows = workflows_of(database.engine)
    with database.read() as session:
        return list(
            session.scalars(
                select(workflows.c.workflow_uuid)
                .join(Job, Job.id == workflows.c.workflow_uuid, isouter=True)
                .where(Job.id.is_(None), workflows.c.application_name == APPLICATION)
            )
        )


def _clear(settings: Settings, job_id: str) -> None:
    folder = run_folder(settings, job_id)
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name == MODELS:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
