"""What a round's labelers say of every image: put in before the round is named, in short transactions.

There are hundreds of thousands of such rows, and whoever answers meanwhile would wait for all of them. A labeler
without a round is seen by nobody; one that a dead worker left behind goes before the project's next are put in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from app.jobs.registry import Result, Write
from app.labelers.reading import Finished
from app.models import Job, Labeler, Prediction, Recipe, Round
from app.runs.service import columns_of
from ml.contract import LabelerReport, TrainedModel

AT_ONCE = 2_000
"""Rows a transaction puts in or takes away."""
REMEMBERED_ROUNDS = 3
"""Of so many rounds of `squint` every word on every image is kept. There may be one every ten answers, and what
people saw when they answered is kept with their answers."""


def put_in_words(write: Write, run: Finished) -> None:
    """Put in the labelers and all they say, in place of what an earlier attempt put in."""
    while in_turns(write, _clear_some):
        pass
    labeler_ids = write(partial(_add_labelers, run=run))
    for labeler_id, values in zip(labeler_ids, run.probabilities, strict=True):
        for rows in _predictions(labeler_id, run, values):
            in_turns(write, partial(_add, rows))


def in_turns(write: Write, put: Callable[[Session, Job], Result]) -> Result:
    """Leave the database to others for as long as this took: SQLite would let whoever is busy in again first."""
    began = time.monotonic()
    done = write(put)
    time.sleep(time.monotonic() - began)
    return done


def _clear_some(session: Session, job: Job) -> bool:
    """Take away some words that nobody will read, in the end who said them; return whether more may be left."""
    unread = _unnamed(job.project_id)
    with_words = or_(Labeler.id.in_(unread), Labeler.round_id.in_(_forgotten(job.project_id)))
    labeler_id = session.scalar(
        select(Prediction.labeler_id)
        .where(Prediction.labeler_id.in_(select(Labeler.id).where(with_words)))
        .limit(1)
    )
    if labeler_id is None:
        session.execute(delete(Labeler).where(Labeler.id.in_(unread)))
        return False
    whose = Prediction.labeler_id == labeler_id
    some = select(Prediction.image_id).where(whose).limit(AT_ONCE)
    session.execute(delete(Prediction).where(whose, Prediction.image_id.in_(some)))
    return True


def _unnamed(project_id: int) -> Select[int]:
    jobs = select(Job.id).where(Job.project_id == project_id)
    return select(Labeler.id).where(Labeler.round_id.is_(None), Labeler.job_id.in_(jobs))


def _forgotten(project_id: int) -> Select[int]:
    """The rounds that are too many once another one is named."""
    newest = select(func.max(Round.number)).where(Round.project_id == project_id).scalar_subquery()
    return select(Round.id).where(
        Round.project_id == project_id,
        Round.number <= newest + 1 - REMEMBERED_ROUNDS,
        Round.recipe == Recipe.SQUINT,
    )


def _add(rows: list[dict[str, Any]], session: Session, _job: Job) -> None:
    session.execute(insert(Prediction), rows)


def _add_labelers(session: Session, job: Job, *, run: Finished) -> list[int]:
    models = [_founding(model, job) for model in run.result.models]
    labelers = models + [_squint(view, job, run.manifest_sha256) for view in run.result.labelers]
    for position, labeler in enumerate(labelers):
        labeler.position = position
    session.add_all(labelers)
    session.flush()
    return [labeler.id for labeler in labelers]


def _founding(model: TrainedModel, job: Job) -> Labeler:
    return Labeler(**columns_of(model, job), job_id=job.id, metrics=model.metrics)


def _squint(view: LabelerReport, job: Job, manifest_sha256: str) -> Labeler:
    """It is made anew every round and kept as its predictions: the manifest tells how to make it again."""
    return Labeler(
        name=view.name,
        title=view.title,
        weights="scratch",
        parameters=0,
        seconds=0.0,
        folder=job.id,
        job_id=job.id,
        sha256=manifest_sha256,
        metrics=asdict(view),
    )


def _predictions(labeler_id: int, run: Finished, values: NDArray[np.float32]) -> Iterator[list[dict[str, Any]]]:
    class_ids = run.manifest.class_ids
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
