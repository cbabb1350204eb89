"""The `label` job: freeze the seed, let the labelers learn and look at every image, publish what they say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.jobs.registry import JobKind, Name, Write, at_once
from app.labelers.reading import Finished, read, report
from app.labelers.together import Together, propose, put_in_confidence, said_together
from app.labelers.words import put_in_words
from app.labeling.settle import settle_project, settle_twins_of_project
from app.models import TWIN, Image, ImageState, Job, Labeler, Project, Round
from app.review.service import Judged, ask_second_opinions, fill_review
from app.runs.service import write_manifest


def prepare(database: Database, settings: Settings, job: Job, folder: Path) -> None:
    write_manifest(database, settings, job, folder, "label")


def put_in(write: Write, _settings: Settings, folder: Path) -> Name:
    """Put in what the labelers said, which nobody sees yet; the returned names it."""
    run = read(folder)
    put_in_words(write, run)
    said = said_together(run)
    put_in_confidence(write, said)
    return partial(name_round, run=run, said=said)


def name_round(session: Session, job: Job, *, run: Finished, said: Mapping[int, Together]) -> None:
    """Add the round over what was put in, and derive every image's state from it."""
    project = session.get_one(Project, job.project_id)
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
    session.execute(update(Labeler).where(Labeler.job_id == job.id).values(round_id=added.id))
    propose(session, project.id, said)
    settle_project(session, project.id)
    fill_review(session, project.id, _ranks(session, project.id, run))
    if run.manifest.recipe == "squint":
        judged = Judged(run.image_ids.tolist(), run.manifest.class_ids, run.consensus)
        ask_second_opinions(session, project, added, judged)
    settle_twins_of_project(session, project.id)
    added.report = {**added.report, "by_twins": _count_by_twins(session, project.id)}


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


PRETRAIN = JobKind("pretrain", "Learn from the unlabelled images", prepare_pretraining, at_once(publish_nothing))
LABEL = JobKind("label", "Train the labelers", prepare, put_in)
