"""The labelers page over HTTP."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.labeling.service import Answer, submit_annotation
from app.models import AnnotationKind, AnnotationSource, Image, Job, Project
from tests.conftest import SignIn
from tests.factories import add_images, add_project, add_round, add_user
from tests.finished import add_job, finished_run, publish_round
from tests.labelers.test_publish import RESNET, YOLO
from tests.web import on_sqlite


@pytest.fixture
def project(database: Database) -> Project:
    with database.write() as session:
        project = add_project(session, from_scratch=True)
        add_images(session, project, 24)
    return project


def label(database: Database, project: Project, count: int) -> None:
    with database.write() as session:
        author = add_user(session)
        images = session.scalars(select(Image).where(Image.project_id == project.id).order_by(Image.id)).all()
        for i, image in enumerate(images[:count]):
            chosen = project.active_classes[i % 2].id
            answer = Answer(image.id, AnnotationKind.LABEL, chosen, AnnotationSource.SEED, 1.0, f"key-{i:06d}")
            submit_annotation(session, user=author, project_id=project.id, answer=answer)


@on_sqlite
@pytest.mark.parametrize(
    ("labelled", "says"),
    [
        (0, "at least 2 of closed, 2 of open"),
        (3, "at least 1 of open"),
        (4, "at least 10 seed labels; there are 4"),
    ],
)
def test_starting_too_early_says_what_is_missing(
    sign_in: SignIn, database: Database, project: Project, labelled: int, says: str
):
    label(database, project, labelled)
    answer = sign_in().post(f"/projects/{project.id}/labelers")
    assert answer.status_code == 409
    assert says in answer.text


def test_five_presses_make_one_job(sign_in: SignIn, database: Database, project: Project):
    label(database, project, 12)
    engineer = sign_in()
    for _ in range(5):
        assert engineer.post(f"/projects/{project.id}/labelers").status_code == 303
    with database.read() as session:
        jobs = session.scalars(select(Job).where(Job.project_id == project.id)).all()
    assert [job.spec["models"] for job in jobs] == [["resnet50", "yolov8n-cls"]]


@on_sqlite
def test_the_page_shows_the_round_and_a_cell_of_the_table_its_images(
    sign_in: SignIn, database: Database, settings: Settings, project: Project
):
    with database.write() as session:
        images = session.scalars(select(Image).where(Image.project_id == project.id).order_by(Image.id)).all()
        ids = [image.id for image in images]
        job = add_job(session, project)
        folder = finished_run(
            Path(settings.data_dir) / job.id, project, "label", images[:6],
            {"resnet50": RESNET, "yolov8n-cls": YOLO},
        )  # fmt: skip
        publish_round(session, settings, job, folder)
    engineer = sign_in()
    page = BeautifulSoup(engineer.get(f"/projects/{project.id}/labelers").text, "html.parser")
    assert "they agree on 4, part on 2" in page.h1.text  # type: ignore[union-attr]
    assert "random weights" in page.text
    cell = page.find("a", string="2")
    shown = BeautifulSoup(engineer.get(cell["href"]).text, "html.parser")  # type: ignore[index]
    tiles = shown.select(".tile")
    assert {int(tile["data-image"]) for tile in tiles} == set(ids[2:4])  # type: ignore[arg-type]
    doubted = engineer.post(f"/projects/{project.id}/images/{ids[0]}/doubt")
    assert doubted.status_code == 200
    with database.read() as session:
        assert session.get_one(Image, ids[0]).state == "unclear"


@on_sqlite
def test_jobs_show_state_failure_and_log_and_strangers_see_none(
    sign_in: SignIn, database: Database, settings: Settings, project: Project
):
    label(database, project, 12)
    engineer = sign_in()
    engineer.post(f"/projects/{project.id}/labelers")
    with database.write() as session:
        job = session.scalars(select(Job)).one()
        job.error = "The disk is full; free some space and retry."
    page = engineer.get(f"/projects/{project.id}/jobs").text
    assert "The disk is full" in page
    assert "No worker is running" in page
    folder = settings.runs_dir / job.id
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("\n".join(f"line {i} <b>" for i in range(900)))
    shown = engineer.get(f"/projects/{project.id}/jobs/{job.id}").text
    assert "line 899 &lt;b&gt;" in shown
    assert not re.search(r"line 300\b", shown)
    assert engineer.get(f"/projects/{project.id}/jobs/{job.id}/log").text.startswith("line 0 <b>")
    strip = engineer.get(f"/projects/{project.id}/jobs/strip")
    assert strip.status_code == 200
    assert "Waiting" in strip.text
    stranger = sign_in("engineer")
    for path in ("", "/strip", f"/{job.id}", f"/{job.id}/log", f"/{job.id}/curves.json"):
        assert stranger.get(f"/projects/{project.id}/jobs{path}").status_code == 404
    assert stranger.post(f"/projects/{project.id}/jobs/{job.id}/cancel").status_code == 404


def test_a_job_that_is_over_without_curves_promises_none(sign_in: SignIn, database: Database, project: Project):
    label(database, project, 12)
    engineer = sign_in()
    engineer.post(f"/projects/{project.id}/labelers")
    with database.read() as session:
        job = session.scalars(select(Job)).one()
    promise = "They begin with the first epoch."
    assert promise in engineer.get(f"/projects/{project.id}/jobs/{job.id}").text
    engineer.post(f"/projects/{project.id}/jobs/{job.id}/cancel")
    assert promise not in engineer.get(f"/projects/{project.id}/jobs/{job.id}").text


def test_cancel_ends_a_waiting_job_and_retry_queues_it_again(
    sign_in: SignIn, database: Database, project: Project
):
    label(database, project, 12)
    engineer = sign_in()
    engineer.post(f"/projects/{project.id}/labelers")
    with database.read() as session:
        job = session.scalars(select(Job)).one()
    base = f"/projects/{project.id}/jobs"
    engineer.post(f"{base}/{job.id}/cancel")
    assert engineer.get(f"{base}/strip").status_code == 286
    assert "cancelled" in engineer.get(f"{base}/{job.id}").text
    assert engineer.post(f"{base}/{job.id}/retry").status_code == 303
    assert engineer.get(f"{base}/strip").status_code == 200


@on_sqlite
def test_the_list_of_jobs_leads_to_what_came_of_each(sign_in: SignIn, database: Database, project: Project):
    with database.write() as session:
        images = session.scalars(select(Image).where(Image.project_id == project.id)).all()
        closed = project.active_classes[0]
        add_round(session, project, {images[0].id: [(closed, 0.9), (closed, 0.8)]}, number=3)
    page = sign_in().get(f"/projects/{project.id}/jobs").text
    assert f'href="/projects/{project.id}/labelers?round=3">round 3</a>' in page
