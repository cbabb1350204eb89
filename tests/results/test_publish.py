"""What a training found out about its data is published with its scores, and where images came from is frozen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from app.config import Settings
from app.db import Database
from app.models import Bakeoff, Classifier, ImportBatch
from app.results.origins import write_origins
from app.results.tasks import publish
from ml.metrics import Tally, confusion_at
from ml.rundir import ORIGINS
from tests.factories import add_images, add_project
from tests.finished import add_findings, add_job, finished_run


def published(session: Session, settings: Settings, *, findings: bool) -> Bakeoff:
    project = add_project(session)
    images = add_images(session, project, 40)
    job = add_job(session, project, "bakeoff")
    score = np.random.default_rng(0).random((40, 1)).astype(np.float32)
    given = {"resnet18": np.hstack([1 - score, score])}
    folder = finished_run(
        Path(settings.data_dir) / job.id, project, "bakeoff", images, given, [i % 2 for i in range(40)]
    )
    if findings:
        add_findings(folder)
    publish(session, settings, job, folder)
    session.flush()
    everything = [undefer(column) for column in (Bakeoff.findings, Bakeoff.slice_codes, Bakeoff.test_labels)]
    query = select(Bakeoff).options(*everything).execution_options(populate_existing=True)
    return session.scalars(query).one()


def test_findings_and_tallies_come_with_the_scores(database: Database, settings: Settings):
    with database.write() as session:
        bakeoff = published(session, settings, findings=True)
        row = session.scalars(select(Classifier).options(undefer(Classifier.tallies))).one()
        score = np.frombuffer(row.scores, "<f4").reshape(-1, 2)[:, 1]
        labels = np.frombuffer(bakeoff.test_labels, "<i2")
    assert Tally.from_bytes(row.tallies or b"").at(0.6) == confusion_at(labels == 1, score, 0.6)
    assert {"doubts", "leaks", "pairs", "cuts", "slices"} == set(bakeoff.findings)
    assert len(bakeoff.slice_codes or b"") == len(bakeoff.findings["cuts"]) * 40


def test_a_run_that_an_older_program_trained_is_published_without_findings(
    database: Database, settings: Settings
):
    with database.write() as session:
        bakeoff = published(session, settings, findings=False)
    assert bakeoff.findings == {}
    assert bakeoff.slice_codes is None


def test_origins_name_each_images_import_and_who_labelled_it(database: Database, tmp_path: Path):
    with database.write() as session:
        strange = add_project(session)
        add_images(session, strange, 2)
        project = add_project(session)
        images = add_images(session, project, 3)
        batch = ImportBatch(project_id=project.id, name="eyes.zip")
        session.add(batch)
        session.flush()
        images[0].import_id, images[0].label_source = batch.id, "seed"
        session.flush()
        write_origins(session, project.id, tmp_path)
    found = {row["image_id"]: row for row in json.loads((tmp_path / ORIGINS).read_text())}
    assert set(found) == {image.id for image in images}
    assert found[images[0].id]["import"] == f"eyes.zip (import {batch.id})"
    assert [found[image.id]["source"] for image in images] == ["seed", "none", "none"]
    assert found[images[0].id]["side"] == 8
