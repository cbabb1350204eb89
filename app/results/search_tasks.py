"""The `tune` job: freeze the labels, search for settings, keep what was found with the job."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.jobs.registry import JobKind, at_once
from app.models import Job
from app.results.found import FOUND
from app.runs.service import write_manifest
from ml.rundir import TUNED


def prepare(database: Database, settings: Settings, job: Job, folder: Path) -> None:
    write_manifest(database, settings, job, folder, "tune")


def publish(_session: Session, _settings: Settings, job: Job, folder: Path) -> None:
    job.spec = {**job.spec, FOUND: json.loads((folder / TUNED).read_text("utf-8"))}


TUNE = JobKind("tune", "Search for settings", prepare, at_once(publish))
