"""How long answers wait while a round of four labelers over 100,000 images is published beside them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.jobs.registry import Result
from app.labelers.tasks import put_in
from app.labeling.service import Answer, submit_annotation
from app.models import AnnotationKind, AnnotationSource, Image, Job, Project, User
from ml.contract import LabelerReport, RunResult
from ml.rundir import PREDICTIONS, RESULT, write_text
from tests.bench.stage import installation, percentiles, project_with_images, tell
from tests.factories import add_user
from tests.finished import add_job, finished_run

IMAGES, ROUNDS, PAUSE_S = 100_000, 2, 0.02
LABELERS = ("compact", "features", "edges", "patches")


def learnt(settings: Settings, session: Session, project: Project, number: int) -> Path:
    """Leave a finished round that is sure of most images, of each a little otherwise than the last one was."""
    job = add_job(session, project)
    images = session.scalars(select(Image).where(Image.project_id == project.id).order_by(Image.id)).all()
    dice = np.random.default_rng(number)
    opened = np.clip((np.arange(IMAGES) % 2) * 0.8 + dice.random(IMAGES) * 0.2, 0, 1)
    probability = np.stack([1 - opened, opened], 1).astype(np.float32)
    folder = finished_run(settings.runs_dir / job.id, project, "label", images, {"resnet50": probability})
    manifest = json.loads((folder / "manifest.json").read_text()) | {"recipe": "squint"}
    write_text(folder / "manifest.json", json.dumps(manifest))
    made = RunResult.from_json((folder / RESULT).read_text())
    reports = [LabelerReport(name, name, 0.25, 0.05, 0.01, 0.15, 40) for name in LABELERS]
    write_text(folder / RESULT, RunResult([], made.split_counts, 3.0, made.environment, [], reports).to_json())
    np.savez(
        folder / PREDICTIONS, image_ids=np.array([image.id for image in images]), probability=probability,
        accepted=dice.random(IMAGES) < 0.9, priority=dice.random(IMAGES, np.float32),
        **{f"probs_{name}": probability for name in LABELERS},
    )  # fmt: skip
    return folder


def publish(settings: Settings, folder: Path) -> None:
    """As the worker does, in a process of its own; print how long the last transaction took."""
    database = Database(settings.db_url)

    def write(put: Callable[[Session, Job], Result]) -> Result:
        with database.write() as session:
            return put(session, session.get_one(Job, folder.name))

    began = time.perf_counter()
    name = put_in(write, settings, folder)
    named = time.perf_counter()
    write(name)
    print(json.dumps({"rows_s": round(named - began, 2), "naming_s": round(time.perf_counter() - named, 2)}))


def main() -> None:
    with installation() as (settings, database):
        with database.write() as session:
            project, user = project_with_images(session, IMAGES), add_user(session)
            ids = session.scalars(select(Image.id).where(Image.project_id == project.id)).all()
        for number in range(ROUNDS):
            with database.write() as session:
                folder = learnt(settings, session, session.get_one(Project, project.id), number)
            command = [sys.executable, "-m", "tests.bench.publish", str(settings.data_dir), str(folder)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
                waits = []
                while child.poll() is None:
                    waits.append(answer(database, user, project, ids[number * 20_000 + len(waits)]))
                    time.sleep(PAUSE_S)
                said = json.loads(child.stdout.read() if child.stdout else "")
            tell("publish", images=IMAGES, round=number + 1, answers=len(waits), **said,
                 **percentiles(waits, 50, 99, 100))  # fmt: skip


def answer(database: Database, user: User, project: Project, image_id: int) -> float:
    """Return how long it took to be acknowledged."""
    said = Answer(
        image_id, AnnotationKind.LABEL, project.classes[0].id, AnnotationSource.REVIEW, 1.0, uuid4().hex
    )
    began = time.perf_counter()
    with database.write() as session:
        submit_annotation(session, user=user, project_id=project.id, answer=said)
    return time.perf_counter() - began


if __name__ == "__main__":
    if len(sys.argv) == 3:
        publish(Settings(data_dir=Path(sys.argv[1]), _env_file=None), Path(sys.argv[2]))
    else:
        main()
