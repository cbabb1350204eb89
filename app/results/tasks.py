"""The `bakeoff` job: freeze all labels, train and judge the classifiers, publish what came of it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.jobs.registry import JobKind, at_once
from app.models import Bakeoff, Classifier, Job
from app.results.origins import write_origins
from app.runs.service import columns_of, write_manifest
from ml.contract import Manifest, RunResult, TrainedModel
from ml.metrics import Tally
from ml.rundir import FINDINGS, MANIFEST, PREDICTIONS, RESULT, SLICES


def prepare(database: Database, settings: Settings, job: Job, folder: Path) -> None:
    with database.read() as session:
        write_origins(session, job.project_id, folder)
    write_manifest(database, settings, job, folder, "bakeoff")


def publish(session: Session, _settings: Settings, job: Job, folder: Path) -> None:
    """Add the bake-off with its classifiers and their scores. Done twice it is done once."""
    if session.scalar(select(Bakeoff.id).where(Bakeoff.job_id == job.id)) is not None:
        return
    text = (folder / MANIFEST).read_text("utf-8")
    manifest = Manifest.from_json(text)
    result = RunResult.from_json((folder / RESULT).read_text("utf-8"))
    newest = select(func.coalesce(func.max(Bakeoff.number), 0)).where(Bakeoff.project_id == job.project_id)
    with np.load(folder / PREDICTIONS) as arrays:
        bakeoff = Bakeoff(
            project_id=job.project_id,
            job_id=job.id,
            number=session.scalars(newest).one() + 1,
            class_ids=manifest.class_ids,
            positive=manifest.positive,
            report=report(manifest, result, arrays["image_ids"], hashlib.sha256(text.encode()).hexdigest()),
            test_image_ids=arrays["image_ids"].astype("<i8").tobytes(),
            test_labels=arrays["labels"].astype("<i2").tobytes(),
            findings=json.loads((folder / FINDINGS).read_text("utf-8")) if (folder / FINDINGS).exists() else {},
            slice_codes=np.load(folder / SLICES).tobytes() if (folder / SLICES).exists() else None,
        )
        session.add(bakeoff)
        session.flush()
        for position, model in enumerate(result.models):
            row = _classifier(bakeoff, position, model, job, folder)
            scores = arrays[f"probs_{model.name}"].astype("<f4")
            row.scores, row.tallies = scores.tobytes(), _tallies(arrays["labels"], scores, manifest.positive)
            session.add(row)


def _tallies(labels: NDArray[np.int16], scores: NDArray[np.float32], positive: int) -> bytes:
    return Tally.of(labels, scores, positive).to_bytes()


def report(
    manifest: Manifest, result: RunResult, test_ids: NDArray[np.int64], manifest_sha256: str
) -> dict[str, Any]:
    """What the results page says about data, code and settings."""
    rows = {image_id: row for row, image_id in enumerate(manifest.image_ids)}
    test = [rows[int(i)] for i in test_ids]
    return {
        "classes": manifest.classes,
        "splits": result.split_counts,
        "test_groups": len({manifest.groups[row] for row in test}),
        "test_sources": dict(Counter(manifest.sources[row] for row in test)),
        "preset": manifest.preset,
        "settings": manifest.settings,
        "folds": manifest.folds,
        "seed": manifest.seed,
        "seconds": result.seconds,
        "environment": result.environment,
        "notes": result.notes,
        "manifest_sha256": manifest_sha256,
        "image_set": manifest.pack.sha256,
    }


def _classifier(bakeoff: Bakeoff, position: int, model: TrainedModel, job: Job, folder: Path) -> Classifier:
    size = sum(path.stat().st_size for path in (folder / model.folder).iterdir())
    return Classifier(
        bakeoff_id=bakeoff.id,
        position=position,
        **columns_of(model, job),
        best_epoch=model.best_epoch,
        metrics={**model.metrics, "bytes": size, "trained": _trained(folder / model.folder)},
    )


def _trained(folder: Path) -> dict[str, Any]:
    """Return what made the model, as its own config tells: the settings that two runs are compared by."""
    trained: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8")).get("trained", {})
    return {key: trained[key] for key in ("settings", "seed", "images", "best_epoch") if key in trained}


BAKEOFF = JobKind("bakeoff", "Train the classifiers", prepare, at_once(publish))
