"""The results page of 10 classifiers over 100,000 test images, over HTTP."""

from __future__ import annotations

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Bakeoff, Classifier, Image, Job, Project
from ml.metrics import Tally, summarise
from tests.bench.client import Client
from tests.bench.stage import installation, percentiles, project_with_images, signed_in, tell
from tests.e2e.screens import Server
from tests.finished import add_job

MODELS, IMAGES, LOOKS = 10, 100_000, 20
ENVIRONMENT = dict.fromkeys(("python", "torch", "device", "cores", "code"), "bench")


def main() -> None:
    with installation() as (settings, database):
        with database.write() as session:
            project = project_with_images(session, IMAGES)
            add_bakeoff(session, project, add_job(session, project, "bakeoff"))
            _, token = signed_in(session, "admin")
        with Server(settings.data_dir) as server:
            client = Client(server.port, token)
            pages = [f"/projects/{project.id}/results?threshold={t:.3f}" for t in np.linspace(0.05, 0.95, LOOKS)]
            seconds = [look(client, page) for page in pages]
    tell("results_page", models=MODELS, images=IMAGES, **percentiles(seconds, 50, 95))


def look(client: Client, address: str) -> float:
    seconds, status, body = client.get(address)
    assert status == 200, body[:2000]
    assert body.count(b"<tr") > MODELS
    return seconds


def add_bakeoff(session: Session, project: Project, job: Job) -> None:
    dice = np.random.default_rng(0)
    ids = np.array(session.scalars(select(Image.id).where(Image.project_id == project.id)).all(), "<i8")
    labels = dice.integers(0, 2, len(ids)).astype("<i2")
    bakeoff = Bakeoff(
        project_id=project.id, job_id=job.id, number=1, positive=1,
        class_ids=[c.id for c in project.active_classes],
        report={
            "classes": ["closed", "open"], "splits": {"train": 1, "val": 1, "test": len(ids)}, "seed": 0,
            "test_groups": len(ids), "test_sources": {"human": len(ids)}, "settings": {}, "seconds": 1.0,
            "environment": ENVIRONMENT, "notes": [], "manifest_sha256": "0" * 64, "image_set": "0" * 64,
        },
        test_image_ids=ids.tobytes(), test_labels=labels.tobytes(),
    )  # fmt: skip
    session.add(bakeoff)
    session.flush()
    scores = np.clip(labels * 0.4 + dice.normal(0.3, 0.2, (MODELS, len(ids))), 0, 1).astype("<f4")
    some = slice(0, 2000)
    figures = summarise(labels[some], two_columns(scores[0][some]), [str(i) for i in range(2000)], 1)
    session.add_all(
        Classifier(
            bakeoff_id=bakeoff.id, position=number, name=f"net{number}", title=f"Net {number}", weights="scratch",
            parameters=1_000_000, seconds=1.0, best_epoch=1, folder="none", sha256="0" * 64,
            metrics={**figures, "validation": {"val_loss": 0.3}, "bytes": 1}, scores=two_columns(row).tobytes(),
            tallies=Tally.of(labels, two_columns(row), 1).to_bytes(),
        )
        for number, row in enumerate(scores)
    )  # fmt: skip


def two_columns(scores: np.ndarray) -> np.ndarray:
    return np.stack([1 - scores, scores], axis=1)


if __name__ == "__main__":
    main()
