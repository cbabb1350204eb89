"""A kind of job for the tests of the engine: its spec is a plan of what shall go wrong, and when."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from uuid import uuid4

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.errors import BadInputError
from app.jobs.registry import JobKind, register
from app.models import Job, JobMetric
from ml.rundir import MANIFEST, write_text

PUBLISHED = "published"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def prepare(_database: Database, _settings: Settings, job: Job, run: Path) -> None:
    with (run / "prepared").open("a") as stream:
        stream.write("once\n")
    if refusal := job.spec.get("refuse"):
        raise BadInputError(refusal)
    if job.spec.get("poison"):
        die()
    if job.spec.get("bug"):
        raise ZeroDivisionError
    write_text(run / MANIFEST, json.dumps(job.spec))


def publish(session: Session, _settings: Settings, job: Job, run: Path) -> None:
    session.add(JobMetric(job_id=job.id, series=PUBLISHED, name=uuid4().hex[:8], step=0, value=1))
    session.flush()
    when = job.spec.get("die")
    marker = run / "died"
    if when is None or marker.exists():
        return
    marker.touch()
    if when == "before commit":
        die()
    event.listen(session, "after_commit", lambda _session: die())


register(
    JobKind(
        "fake",
        "A job that does what its spec says",
        prepare,
        publish,
        command=lambda run: [sys.executable, "-m", "tests.jobs.fake_child", str(run)],
    )
)
