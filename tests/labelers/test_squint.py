"""The recipe `squint` in the app: rounds begin by themselves, and what a round is sure of is accepted."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, func, select

from app.config import Settings
from app.db import Database
from app.images.rendered import write_eyes_zip
from app.jobs.queue import cancel
from app.jobs.registry import ml_command
from app.labelers import queries
from app.labelers.tasks import prepare, prepare_pretraining
from app.models import Image, Job, Labeler, Prediction, Project, QueueEntry, Round, now
from ml.contract import LabelerReport, RunResult, WrongShare
from ml.likeness import find_features
from ml.rundir import MANIFEST, PREDICTIONS, RESULT, write_text
from tests.conftest import SignIn
from tests.factories import add_images, add_project
from tests.finished import add_job, finished_run, publish_round
from tests.web import on_sqlite

QUICK = {"pretrain_images": 300, "steps": 12, "folds": 2, "draws": 10, "threads": 1}


@pytest.fixture
def project(database: Database) -> Project:
    with database.write() as session:
        project = add_project(session, recipe="squint", seed_size=12, round_size=5)
        add_images(session, project, 40)
    return project


def images_of(database: Database, project: Project) -> list[Image]:
    with database.read() as session:
        return list(session.scalars(select(Image).where(Image.project_id == project.id).order_by(Image.id)))


def jobs_of(database: Database, project: Project) -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(select(Job.kind).where(Job.project_id == project.id)))


def answer(person: TestClient, project: Project, images: list[Image], source: str = "seed") -> None:
    for image in images:
        body = {
            "image_id": image.id, "kind": "label", "class_id": project.active_classes[image.id % 2].id,
            "source": source, "seconds": 1.0, "key": f"key-of-image-{image.id}",
        }  # fmt: skip
        assert person.post(f"/projects/{project.id}/annotations", json=body).status_code == 200


def squint_run(folder: Path, project: Project, images: list[Image], accepted: int, frozen_at: str = "") -> Path:
    """Leave a finished round that is sure of the first images, all of them `closed`."""
    sure = np.tile(np.float32([0.9, 0.1]), (len(images), 1))
    finished_run(folder, project, "label", images, {"resnet50": sure})
    manifest = json.loads((folder / MANIFEST).read_text()) | {"recipe": "squint", "frozen_at": frozen_at}
    write_text(folder / MANIFEST, json.dumps(manifest))
    report = LabelerReport("compact", "Compact net", 1.0, 0.05, 0.01, 0.15, 40)
    made = RunResult.from_json((folder / RESULT).read_text())
    share = WrongShare(0.012, 0.005, 0.021, 30, 0, 0.095)
    result = RunResult([], made.split_counts, 3.0, made.environment, [], [report], share)
    write_text(folder / RESULT, result.to_json())
    np.savez(
        folder / PREDICTIONS, image_ids=np.array([i.id for i in images]), probs_compact=sure, probability=sure,
        accepted=np.arange(len(images)) < accepted, priority=np.arange(len(images), dtype=np.float32),
    )  # fmt: skip
    return folder


def add_round(
    database: Database, settings: Settings, project: Project, accepted: int, frozen_at: str = ""
) -> str:
    """Publish a round; return the id of its job."""
    images = images_of(database, project)
    with database.write() as session:
        job = add_job(session, project)
        folder = squint_run(settings.runs_dir / job.id, project, images, accepted, frozen_at)
        publish_round(session, settings, job, folder)
        return job.id


def test_the_pile_is_learnt_from_with_the_first_answer_and_a_round_begins_with_the_last_of_the_seed(
    sign_in: SignIn, database: Database, project: Project
):
    person, images = sign_in(), images_of(database, project)
    assert jobs_of(database, project) == []
    answer(person, project, images[:11])
    assert jobs_of(database, project) == ["pretrain"]
    answer(person, project, images[11:12])
    answer(person, project, images[12:14])
    assert jobs_of(database, project) == ["label", "pretrain"]


@on_sqlite
def test_an_answer_that_cannot_complete_the_batch_reads_nothing_of_the_labelers(
    sign_in: SignIn, database: Database, project: Project
):
    person, images = sign_in(), images_of(database, project)
    answer(person, project, images[:1])
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_: asked.append(sql))
    answer(person, project, images[1:10])
    assert not [sql for sql in asked if "FROM job" in sql or "import_batch" in sql]
    answer(person, project, images[10:12])
    assert jobs_of(database, project) == ["label", "pretrain"]


@on_sqlite
def test_the_founding_recipe_waits_to_be_asked(sign_in: SignIn, database: Database):
    with database.write() as session:
        project = add_project(session, seed_size=4)
        add_images(session, project, 12)
    answer(sign_in(), project, images_of(database, project))
    assert jobs_of(database, project) == []


@on_sqlite
def test_the_next_round_begins_after_so_many_answers_since_the_last_one_began(
    sign_in: SignIn, database: Database, settings: Settings, project: Project
):
    person, images = sign_in(), images_of(database, project)
    with database.write() as session:
        session.get_one(Project, project.id).seed_size = 100
    answer(person, project, images[:12])
    add_round(database, settings, project, accepted=0)
    answer(person, project, images[12:16], "review")
    assert jobs_of(database, project) == ["label", "pretrain"]
    answer(person, project, images[16:17], "review")
    assert jobs_of(database, project) == ["label", "label", "pretrain"]


@on_sqlite
def test_answers_count_from_when_the_labels_were_frozen_however_often_the_job_was_tried_since(
    sign_in: SignIn, database: Database, settings: Settings, project: Project, tmp_path: Path
):
    person, images = sign_in(), images_of(database, project)
    answer(person, project, images[:12])
    with database.read() as session:
        [queued] = session.scalars(select(Job).where(Job.kind == "label"))
    tmp_path.joinpath("run").mkdir()
    prepare(database, settings, queued, tmp_path / "run")
    cancel(database, queued.id)
    frozen_at = json.loads((tmp_path / "run" / MANIFEST).read_text())["frozen_at"]
    job_id = add_round(database, settings, project, accepted=0, frozen_at=frozen_at)
    answer(person, project, images[12:16], "review")
    with database.write() as session:
        session.get_one(Job, job_id).started_at = now()
    assert jobs_of(database, project) == ["label", "label", "pretrain"]
    answer(person, project, images[16:17], "review")
    assert jobs_of(database, project) == ["label", "label", "label", "pretrain"]


@on_sqlite
def test_what_the_round_is_sure_of_is_accepted_and_the_rest_waits_in_its_order(
    sign_in: SignIn, database: Database, settings: Settings, project: Project
):
    add_round(database, settings, project, accepted=10)
    assert Counter(image.state for image in images_of(database, project)) == {"accepted": 10, "unclear": 30}
    with database.read() as session:
        waiting = session.scalars(select(QueueEntry.image_id).order_by(QueueEntry.rank)).all()
        [made] = session.scalars(select(Round))
    assert list(waiting) == [image.id for image in reversed(images_of(database, project)[10:])]
    assert made.recipe == "squint"
    page = sign_in().get(f"/projects/{project.id}/labelers").text
    assert "sure of 10, not of 30" in page
    assert "1.2 %" in page
    assert "at most 9.5 % (95 %)" in page
    assert "ResNet50 and YOLOv8n would join them" in page


@on_sqlite
@pytest.mark.parametrize(("kind", "freeze"), [("label", prepare), ("pretrain", prepare_pretraining)])
def test_a_round_accepts_for_the_aim_of_its_project_unless_told_otherwise(
    database: Database, settings: Settings, project: Project, kind: str, freeze: Callable[..., None]
):
    with database.write() as session:
        session.get_one(Project, project.id).target = 0.07
        jobs = [add_job(session, project) for _ in range(2)]
        for job, changes in zip(jobs, ({}, {"target": 0.01}), strict=True):
            job.kind, job.spec = kind, {"models": [], "settings": changes}
    found = []
    for job in jobs:
        freeze(database, settings, job, settings.runs_dir / job.id)
        found.append(json.loads((settings.runs_dir / job.id / MANIFEST).read_text())["settings"].get("target"))
    assert found == ([0.07, 0.01] if kind == "label" else [None, 0.01])


@on_sqlite
def test_an_import_makes_the_pile_unknown_again(
    sign_in: SignIn, database: Database, settings: Settings, tmp_path: Path
):
    settings.data_dir.mkdir()
    person = sign_in()
    form = {"name": "eyes", "classes": "closed, open", "seed_size": "4"}
    base = person.post("/projects", data=form).headers["Location"]
    write_eyes_zip(tmp_path / "eyes.zip", 20, seed=1)
    with (tmp_path / "eyes.zip").open("rb") as stream:
        assert person.post(f"{base}/images", files={"files": ("eyes.zip", stream)}).status_code < 400
    with database.read() as session:
        project = session.scalars(select(Project)).one()
        assert project.recipe == "squint"
        assert not queries.knows_the_pile(session, project.id)
    answer(person, project, images_of(database, project)[:1])
    with database.read() as session:
        assert queries.knows_the_pile(session, project.id)


@on_sqlite
def test_a_real_round_from_answers_to_accepted_images(
    sign_in: SignIn, database: Database, settings: Settings, tmp_path: Path
):
    settings.data_dir.mkdir()
    truth = dict(write_eyes_zip(tmp_path / "eyes.zip", 200, seed=4))
    person = sign_in()
    base = person.post("/projects", data={"name": "eyes", "classes": "closed, open"}).headers["Location"]
    with (tmp_path / "eyes.zip").open("rb") as stream:
        person.post(f"{base}/images", files={"files": ("eyes.zip", stream)})
    with database.read() as session:
        project = session.scalars(select(Project)).one()
    images = images_of(database, project)
    with database.write() as session:
        by_name = {c.name: c.id for c in project.active_classes}
        for image in images[:60]:
            body = {
                "image_id": image.id, "kind": "label", "class_id": by_name[truth[image.name]], "source": "seed",
                "seconds": 1.0, "key": f"key-of-image-{image.id}",
            }  # fmt: skip
            person.post(f"{base}/annotations", json=body)
    for kind, freeze in (("pretrain", prepare_pretraining), ("label", prepare)):
        with database.write() as session:
            job = Job(id=f"job-{kind}", kind=kind, project_id=project.id, spec={"models": [], "settings": QUICK})
            session.add(job)
        folder = settings.runs_dir / job.id
        folder.mkdir(parents=True)
        freeze(database, settings, job, folder)
        done = subprocess.run(ml_command(kind)(folder)[:-1], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "learning from the unlabelled" not in done.stdout
    known = find_features(settings.packs_dir / str(project.id))
    assert known is not None
    assert known[0].tolist() == [image.id for image in images]
    assert np.linalg.norm(known[1].astype(np.float32), axis=1) == pytest.approx(1, abs=0.01)
    with database.write() as session:
        publish_round(session, settings, job, folder)
    states = Counter(image.state for image in images_of(database, project))
    assert states["settled"] == 60
    assert states["accepted"] + states["unclear"] == 140
    with database.read() as session:
        labelers = session.scalars(select(Round)).one().labelers
    assert sum(labeler.metrics["weight"] for labeler in labelers) == pytest.approx(1)


def test_only_the_newest_rounds_keep_every_word_on_every_image(
    database: Database, settings: Settings, project: Project
):
    for _ in range(5):
        add_round(database, settings, project, accepted=10)
    kept = (
        select(Round.number, func.count())
        .join(Labeler, Labeler.round_id == Round.id)
        .join(Prediction, Prediction.labeler_id == Labeler.id)
        .group_by(Round.number)
        .order_by(Round.number)
    )
    with database.read() as session:
        assert [tuple(row) for row in session.execute(kept)] == [(3, 40), (4, 40), (5, 40)]
