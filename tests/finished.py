"""Run folders as a training leaves them, made by hand: what the app publishes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.config import Settings
from app.labelers.tasks import put_in
from app.models import Image, Job, Project
from ml.contract import Manifest, Pack, RunResult, TrainedModel
from ml.findings.writing import write_findings
from ml.rundir import MANIFEST, PREDICTIONS, RESULT, SPLITS, write_text

TITLES = {"resnet50": "ResNet50", "yolov8n-cls": "YOLOv8n", "resnet18": "ResNet18"}


def add_job(session: Session, project: Project, kind: str = "label") -> Job:
    job = Job(id=str(uuid4()), kind=kind, project_id=project.id)
    session.add(job)
    session.flush()
    return job


def finished_run(
    folder: Path,
    project: Project,
    kind: Literal["label", "bakeoff"],
    images: Sequence[Image],
    scores: Mapping[str, NDArray[Any]],
    labels: Sequence[int] = (),
    metrics: Mapping[str, Any] | None = None,
) -> Path:
    """Write a run over `images`; `scores` holds each model's probabilities `[N, K]`."""
    folder.mkdir(parents=True)
    known = list(labels) or [-1] * len(images)
    manifest = Manifest(
        job_id="job", kind=kind, classes=[c.name for c in project.active_classes],
        class_ids=[c.id for c in project.active_classes], positive=1, pack=Pack("nowhere", "a" * 64),
        image_ids=[i.id for i in images], sha256=[i.sha256 for i in images], groups=[i.group_key for i in images],
        labels=known, sources=["human" if i % 2 else "accepted" for i in range(len(images))], models=list(scores),
    )  # fmt: skip
    write_text(folder / MANIFEST, manifest.to_json())
    models = [
        TrainedModel(
            name, TITLES[name], f"models/{name}", "0" * 64, 1_000_000, "scratch", 3.5, 2,
            dict(metrics or {"validation": {"val_accuracy": 0.9, "val_loss": 0.3}}),
        )
        for name in scores
    ]  # fmt: skip
    for model in models:
        write_text(folder / model.folder / "config.json", "{}")
    environment = {"python": "3", "torch": "2", "device": "cpu", "cores": "2", "code": "test"}
    counts = {"train": 8, "val": 2, "test": len(images)}
    write_text(folder / RESULT, RunResult(models, counts, 12.0, environment, ["A note."]).to_json())
    arrays = {f"probs_{name}": values.astype(np.float32) for name, values in scores.items()}
    if kind == "bakeoff":
        arrays["labels"] = np.array(known, np.int16)
    np.savez(folder / PREDICTIONS, image_ids=np.array([i.id for i in images]), **arrays)
    return folder


def publish_round(session: Session, settings: Settings, job: Job, folder: Path) -> None:
    """Publish what labelers said, all in the session's transaction."""
    put_in(lambda put: put(session, job), settings, folder)(session, job)


def add_findings(folder: Path, seed: int = 0) -> None:
    """Add what a bake-off says about its data, computed as in a training, over pictures of noise."""
    manifest = Manifest.from_json((folder / MANIFEST).read_text())
    write_text(folder / SPLITS, json.dumps({"train": [], "validate": [], "test": manifest.image_ids}))
    pixels = np.random.default_rng(seed).integers(0, 256, (len(manifest.image_ids), 8, 8, 1), dtype=np.uint8)
    write_findings(folder, manifest, pixels)
