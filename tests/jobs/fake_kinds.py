"""Kinds of jobs for these tests: `fake`, whose spec says what shall go wrong, and `tiny`, which trains."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from uuid import uuid4

import numpy as np
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.errors import BadInputError
from app.jobs.registry import JobKind, at_once, ml_command, register
from app.models import Job, JobMetric
from ml.contract import Manifest, Pack
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


def prepare_tiny(_database: Database, _settings: Settings, job: Job, run: Path) -> None:
    """Forty noisy images, dark and bright, for one small net."""
    count = 40
    bright = np.arange(count) % 2
    noise = np.random.default_rng(0).integers(0, 120, (count, 24, 24, 1))
    np.save(run / "pixels.npy", (noise + 120 * bright[:, None, None, None]).astype(np.uint8))
    manifest = Manifest(
        job_id=job.id,
        kind="label",
        classes=["dark", "bright"],
        class_ids=[1, 2],
        positive=1,
        pack=Pack(str(run), "0" * 64),
        image_ids=list(range(count)),
        sha256=[f"{row:064x}" for row in range(count)],
        groups=[str(row) for row in range(count)],
        labels=[int(label) if row < 20 else -1 for row, label in enumerate(bright)],
        sources=["human" if row < 20 else "" for row in range(count)],
        models=["mobilenet_v3_small"],
        weights="scratch",
        settings={"input_size": 32, "checkpoint_every_s": 0.01, "threads": 1, **job.spec},
    )
    write_text(run / MANIFEST, manifest.to_json())


register(
    JobKind(
        "fake",
        "A job that does what its spec says",
        prepare,
        at_once(publish),
        command=lambda run: [sys.executable, "-m", "tests.jobs.fake_child", str(run)],
    )
)
register(
    JobKind("tiny", "A real training of a small net", prepare_tiny, at_once(publish), command=ml_command("label"))
)
