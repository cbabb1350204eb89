"""The `label` job: freeze the seed, let the labelers learn and look at every image, publish what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.jobs.registry import JobKind
from app.labeling.settle import settle_project
from app.models import Image, ImageState, Job, Labeler, Prediction, Project, Round
from app.review.service import fill_review
from app.runs.service import write_manifest
from ml.consensus import UNCLEAR, agreed_class, cross_table, joint_doubt
from ml.contract import Manifest, RunResult
from ml.rundir import MANIFEST, PREDICTIONS, RESULT

AT_ONCE = 5_000


@dataclass(frozen=True)
class Finished:
    """A run folder, read."""

    manifest: Manifest
    manifest_sha256: str
    result: RunResult
    image_ids: NDArray[np.int64]
    probabilities: list[NDArray[np.float32]]
    """One `[N, K]` a labeler."""


def prepare(database: Database, settings: Settings, job: Job, folder: Path) -> None:
    write_manifest(database, settings, job, folder, "label")


def publish(session: Session, _settings: Settings, job: Job, folder: Path) -> None:
    """Add the round with all it says, and derive every image's state from it. Done twice it is done once."""
    if session.scalar(select(Round.id).where(Round.job_id == job.id)) is not None:
        return
    project = session.get_one(Project, job.project_id)
    run = read(folder)
    class_ids = run.manifest.class_ids
    newest = select(func.coalesce(func.max(Round.number), 0)).where(Round.project_id == project.id)
    agreed = agreed_class(run.probabilities)
    added = Round(
        project_id=project.id,
        job_id=job.id,
        number=session.scalars(newest).one() + 1,
        recipe=project.recipe,
        report=report(run, agreed),
    )
    session.add(added)
    session.flush()
    _add_labelers(session, added, job, run, class_ids)
    proposals = {
        int(i): class_ids[c] if c != UNCLEAR else None for i, c in zip(run.image_ids, agreed, strict=True)
    }
    _propose(session, project.id, proposals)
    settle_project(session, project.id)
    fill_review(session, project.id, _ranks(session, project.id, run))


def read(folder: Path) -> Finished:
    text = (folder / MANIFEST).read_text("utf-8")
    result = RunResult.from_json((folder / RESULT).read_text("utf-8"))
    with np.load(folder / PREDICTIONS) as arrays:
        probabilities = [arrays[f"probs_{model.name}"] for model in result.models]
        ids = arrays["image_ids"]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Finished(Manifest.from_json(text), digest, result, ids, probabilities)


def report(run: Finished, agreed: NDArray[np.int64]) -> dict[str, Any]:
    """What the labelers page shows of a round."""
    classes = len(run.manifest.classes)
    accepted = int((agreed != UNCLEAR).sum())
    pair = len(run.probabilities) == 2
    return {
        "classes": run.manifest.classes,
        "counts": [np.bincount(p.argmax(1), minlength=classes).tolist() for p in run.probabilities],
        "cross_table": cross_table(*run.probabilities).tolist() if pair else None,
        "agreed": accepted,
        "disagreed": len(agreed) - accepted,
        "accepted_by_class": np.bincount(agreed[agreed != UNCLEAR], minlength=classes).tolist(),
        "splits": run.result.split_counts,
        "seconds": run.result.seconds,
        "environment": run.result.environment,
        "notes": run.result.notes,
        "manifest_sha256": run.manifest_sha256,
        "image_set": run.manifest.pack.sha256,
        "seed": run.manifest.seed,
    }


def _add_labelers(session: Session, added: Round, job: Job, run: Finished, class_ids: list[int]) -> None:
    for position, (model, values) in enumerate(zip(run.result.models, run.probabilities, strict=True)):
        labeler = Labeler(
            round_id=added.id,
            position=position,
            name=model.name,
            title=model.title,
            weights=model.weights,
            parameters=model.parameters,
            seconds=model.seconds,
            folder=f"{job.id}/{model.folder}",
            sha256=model.sha256,
            metrics=model.metrics,
        )
        session.add(labeler)
        session.flush()
        for rows in _predictions(labeler.id, run, values, class_ids):
            session.execute(insert(Prediction), rows)


def _predictions(
    labeler_id: int, run: Finished, values: NDArray[np.float32], class_ids: list[int]
) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(values), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        said = values[part].argmax(1)
        yield [
            {
                "labeler_id": labeler_id,
                "image_id": int(image_id),
                "class_id": class_ids[c],
                "confidence": float(row[c]),
                "score": float(row[run.manifest.positive]),
            }
            for image_id, row, c in zip(run.image_ids[part], values[part], said, strict=True)
        ]


def _propose(session: Session, project_id: int, proposals: dict[int, int | None]) -> None:
    """Write what changed; an image that came after the run was frozen has no proposal."""
    rows = session.execute(select(Image.id, Image.proposed_class_id).where(Image.project_id == project_id))
    changes = [
        {"id": row.id, "proposed_class_id": proposals.get(row.id)}
        for row in rows
        if proposals.get(row.id) != row.proposed_class_id
    ]
    for start in range(0, len(changes), AT_ONCE):
        session.execute(update(Image), changes[start : start + AT_ONCE])


def _ranks(session: Session, project_id: int, run: Finished) -> dict[int, float]:
    """Order the unclear images: the one on which the labelers together are least decided comes first."""
    doubt = dict(zip(run.image_ids.tolist(), joint_doubt(run.probabilities).tolist(), strict=True))
    unclear = session.scalars(
        select(Image.id).where(Image.project_id == project_id, Image.state == ImageState.UNCLEAR)
    )
    return {i: -doubt[i] for i in unclear if i in doubt}


LABEL = JobKind("label", "Train the labelers", prepare, publish)
