"""The `label` job: freeze the seed, let the labelers learn and look at every image, publish what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.jobs.registry import JobKind
from app.labeling.settle import settle_project, settle_twins_of_project
from app.models import TWIN, Image, ImageState, Job, Labeler, Prediction, Project, Recipe, Round
from app.review.service import Judged, ask_second_opinions, fill_review
from app.runs.service import columns_of, write_manifest
from ml.consensus import UNCLEAR, agreed_class, cross_table, joint_doubt
from ml.contract import LabelerReport, Manifest, RunResult, TrainedModel
from ml.rundir import MANIFEST, PREDICTIONS, RESULT

AT_ONCE = 5_000
REMEMBERED_ROUNDS = 3
"""Of so many rounds of `squint` every word on every image is kept. There may be one every ten answers, and what
people saw when they answered is kept with their answers."""


@dataclass(frozen=True)
class Finished:
    """A run folder, read."""

    manifest: Manifest
    manifest_sha256: str
    result: RunResult
    image_ids: NDArray[np.int64]
    probabilities: list[NDArray[np.float32]]
    """One `[N, K]` a labeler."""
    consensus: NDArray[np.float32]
    """`[N, K]`: what the labelers say together."""
    decided: NDArray[np.int64]
    """Class index of every accepted image, `UNCLEAR` of the others."""
    priority: NDArray[np.float32]
    """Larger: a person should see the image sooner."""


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
    added = Round(
        project_id=project.id,
        job_id=job.id,
        number=session.scalars(newest).one() + 1,
        recipe=run.manifest.recipe,
        report=report(run),
    )
    session.add(added)
    session.flush()
    _add_labelers(session, added, job, run, class_ids)
    _propose(session, project.id, _said_together(run))
    settle_project(session, project.id)
    fill_review(session, project.id, _ranks(session, project.id, run))
    if run.manifest.recipe == "squint":
        judged = Judged(run.image_ids.tolist(), class_ids, run.consensus)
        ask_second_opinions(session, project, added, judged)
        _forget_predictions(session, project.id, added.number - REMEMBERED_ROUNDS)
    settle_twins_of_project(session, project.id)
    added.report = {**added.report, "by_twins": _count_by_twins(session, project.id)}


def _forget_predictions(session: Session, project_id: int, last: int) -> None:
    rounds = select(Round.id).where(
        Round.project_id == project_id, Round.number <= last, Round.recipe == Recipe.SQUINT
    )
    forgotten = select(Labeler.id).where(Labeler.round_id.in_(rounds))
    session.execute(delete(Prediction).where(Prediction.labeler_id.in_(forgotten)))


def read(folder: Path) -> Finished:
    text = (folder / MANIFEST).read_text("utf-8")
    result = RunResult.from_json((folder / RESULT).read_text("utf-8"))
    manifest = Manifest.from_json(text)
    names = [labeler.name for labeler in result.labelers or result.models]
    with np.load(folder / PREDICTIONS) as arrays:
        probabilities = [arrays[f"probs_{name}"] for name in names]
        ids = arrays["image_ids"]
        if manifest.recipe == "squint":
            consensus, priority = arrays["probability"], arrays["priority"]
            decided = np.where(arrays["accepted"], consensus.argmax(1), UNCLEAR)
        else:
            consensus = np.mean(probabilities, axis=0)
            decided, priority = agreed_class(probabilities), joint_doubt(probabilities)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Finished(manifest, digest, result, ids, probabilities, consensus, decided, priority)


def report(run: Finished) -> dict[str, Any]:
    """What the labelers page shows of a round."""
    classes, agreed = len(run.manifest.classes), run.decided
    accepted = int((agreed != UNCLEAR).sum())
    pair = run.manifest.recipe == "founding"
    return {
        "classes": run.manifest.classes,
        "class_ids": run.manifest.class_ids,
        "counts": [np.bincount(p.argmax(1), minlength=classes).tolist() for p in run.probabilities],
        "cross_table": cross_table(*run.probabilities).tolist() if pair else None,
        "agreed": accepted,
        "disagreed": len(agreed) - accepted,
        "accepted_wrong": asdict(run.result.accepted_wrong) if run.result.accepted_wrong else None,
        "all_wrong": asdict(run.result.all_wrong) if run.result.all_wrong else None,
        "accepted_by_class": np.bincount(agreed[agreed != UNCLEAR], minlength=classes).tolist(),
        "target": run.manifest.settings.get("target"),
        "splits": run.result.split_counts,
        "seconds": run.result.seconds,
        "environment": run.result.environment,
        "notes": run.result.notes,
        "manifest_sha256": run.manifest_sha256,
        "image_set": run.manifest.pack.sha256,
        "seed": run.manifest.seed,
    }


def _add_labelers(session: Session, added: Round, job: Job, run: Finished, class_ids: list[int]) -> None:
    models = [_founding_labeler(model, job) for model in run.result.models]
    views = [_squint_labeler(view, job, run.manifest_sha256) for view in run.result.labelers]
    for position, (labeler, values) in enumerate(zip(models + views, run.probabilities, strict=True)):
        labeler.round_id, labeler.position = added.id, position
        session.add(labeler)
        session.flush()
        for rows in _predictions(labeler.id, run, values, class_ids):
            session.execute(insert(Prediction), rows)


def _founding_labeler(model: TrainedModel, job: Job) -> Labeler:
    return Labeler(**columns_of(model, job), metrics=model.metrics)


def _squint_labeler(view: LabelerReport, job: Job, manifest_sha256: str) -> Labeler:
    """It is made anew every round and kept as its predictions: the manifest tells how to make it again."""
    return Labeler(
        name=view.name,
        title=view.title,
        weights="scratch",
        parameters=0,
        seconds=0.0,
        folder=job.id,
        sha256=manifest_sha256,
        metrics=asdict(view),
    )


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


NOTHING = (None, None, None)


def _said_together(run: Finished) -> dict[int, tuple[int | None, int, float]]:
    """Return image id → class proposed or None, class predicted, and the confidence in that."""
    class_ids = run.manifest.class_ids
    predicted = run.consensus.argmax(1)
    sure = run.consensus.max(1)
    return {
        int(i): (class_ids[d] if d != UNCLEAR else None, class_ids[p], float(confidence))
        for i, d, p, confidence in zip(run.image_ids, run.decided, predicted, sure, strict=True)
    }


def _propose(session: Session, project_id: int, said: dict[int, tuple[int | None, int, float]]) -> None:
    """Write what changed; of an image that came after the run was frozen nothing is said."""
    names = ("proposed_class_id", "predicted_class_id", "confidence", "left_out_of")
    columns = [getattr(Image, name) for name in names]
    changes = []
    for image_id, *before in session.execute(select(Image.id, *columns).where(Image.project_id == project_id)):
        after = (*said.get(image_id, NOTHING), None)
        if after != tuple(before):
            changes.append({"id": image_id, **dict(zip(names, after, strict=True))})
    for start in range(0, len(changes), AT_ONCE):
        session.execute(update(Image), changes[start : start + AT_ONCE])


def _ranks(session: Session, project_id: int, run: Finished) -> dict[int, float]:
    """Order the unclear images."""
    priority = dict(zip(run.image_ids.tolist(), run.priority.tolist(), strict=True))
    unclear = session.scalars(
        select(Image.id).where(Image.project_id == project_id, Image.state == ImageState.UNCLEAR)
    )
    return {i: -priority[i] for i in unclear if i in priority}


def _count_by_twins(session: Session, project_id: int) -> int:
    """Return how many of the images the labelers are not sure of took their label from a near duplicate."""
    unsure = Image.proposed_class_id.is_(None)
    count = select(func.count()).where(Image.project_id == project_id, Image.label_source == TWIN, unsure)
    return session.scalar(count) or 0


def prepare_pretraining(database: Database, settings: Settings, job: Job, folder: Path) -> None:
    write_manifest(database, settings, job, folder, "pretrain")


def publish_nothing(_session: Session, _settings: Settings, _job: Job, _folder: Path) -> None:
    """What was learnt lies beside the pack, where the rounds find it."""


PRETRAIN = JobKind("pretrain", "Learn from the unlabelled images", prepare_pretraining, publish_nothing)
LABEL = JobKind("label", "Train the labelers", prepare, publish)
