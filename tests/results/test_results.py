"""A bake-off becomes a page whose figures are scikit-learn's at every threshold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from sklearn import metrics as sk
from sqlalchemy import func, select

from app.config import Settings
from app.db import Database
from app.models import Bakeoff, Job, Project
from app.results.queries import find_bakeoff, read_board, results_json
from app.results.tasks import publish
from ml.metrics import summarise
from tests.conftest import SignIn
from tests.factories import add_images, add_project
from tests.finished import add_findings, add_job, finished_run
from tests.web import on_sqlite

COUNT = 60


def scores(classes: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed).random((COUNT, classes)) + 0.05
    return (random / random.sum(1, keepdims=True)).astype(np.float32)


@pytest.fixture
def published(database: Database, settings: Settings, request: pytest.FixtureRequest) -> Project:
    classes = getattr(request, "param", ("closed", "open"))
    with database.write() as session:
        stranger = add_project(session)
        add_images(session, stranger, 3)
        project = add_project(session, classes=classes)
        images = add_images(session, project, COUNT)
        labels = [i % len(classes) for i in range(COUNT)]
        given = {"resnet18": scores(len(classes), 1), "resnet50": scores(len(classes), 2)}
        job = add_job(session, project, "bakeoff")
        figures = summarise(np.array(labels), given["resnet18"], [str(i) for i in range(COUNT)], 1)
        folder = finished_run(
            Path(settings.data_dir) / job.id, project, "bakeoff", images, given, labels, figures
        )
        add_findings(folder)
        for _ in range(2):
            publish(session, settings, job, folder)
        session.flush()
        assert session.scalar(select(func.count()).select_from(Bakeoff)) == 1
    return project


@pytest.mark.parametrize("threshold", [0.0, 0.37, 0.6, 1.0])
def test_the_table_is_scikit_learns_at_any_threshold(database: Database, published: Project, threshold: float):
    with database.read() as session:
        board = read_board(session, find_bakeoff(session, published.id))  # type: ignore[arg-type]
    for contender in board.contenders:
        row = board.standing(contender, threshold)
        said = contender.scores[:, 1] >= np.float32(threshold)
        truth = board.labels == 1
        assert row.precision == pytest.approx(sk.precision_score(truth, said, zero_division=0))
        assert row.recall == pytest.approx(sk.recall_score(truth, said, zero_division=0))
        assert (
            board.matrix(contender, threshold) == sk.confusion_matrix(truth, said, labels=[False, True])
        ).all()


@on_sqlite
def test_the_galleries_hold_exactly_the_errors_surest_first(
    sign_in: SignIn, database: Database, published: Project
):
    page = BeautifulSoup(sign_in().get(f"/projects/{published.id}/results?threshold=0.5").text, "html.parser")
    with database.read() as session:
        bakeoff = find_bakeoff(session, published.id)
        board = read_board(session, bakeoff)  # type: ignore[arg-type]
    contender = board.standings(0.5, "eer")[0].contender
    said = contender.scores[:, 1] >= np.float32(0.5)
    wrong = board.image_ids[said & (board.labels == 0)]
    gallery = page.find("h2", string=lambda text: text and "Said open, are closed" in text).parent  # type: ignore[union-attr]
    shown = [int(tile["data-image"]) for tile in gallery.select(".tile")]  # type: ignore[union-attr]
    assert sorted(shown) == sorted(wrong.tolist())[:24] or set(shown) <= set(wrong.tolist())
    by_id = dict(zip(board.image_ids.tolist(), contender.scores[:, 1].tolist(), strict=True))
    assert [by_id[i] for i in shown] == sorted((by_id[i] for i in shown), reverse=True)


@on_sqlite
def test_a_cell_of_the_matrix_opens_its_images(sign_in: SignIn, published: Project):
    browser = sign_in()
    page = BeautifulSoup(browser.get(f"/projects/{published.id}/results").text, "html.parser")
    cell = page.select(".matrix td a")[1]
    shown = BeautifulSoup(browser.get(str(cell["href"])).text, "html.parser")
    assert len(shown.select(".tile")) == min(int(cell.text), 48)


@on_sqlite
@pytest.mark.parametrize("published", [("closed", "half", "open")], indirect=True)
def test_three_classes_have_no_threshold_but_all_the_rest(
    sign_in: SignIn, database: Database, published: Project
):
    page = sign_in().get(f"/projects/{published.id}/results")
    assert page.status_code == 200
    assert 'id="threshold"' not in page.text
    assert page.text.count("said otherwise") == 3
    with database.read() as session:
        found = results_json(session, published)
        board = read_board(session, find_bakeoff(session, published.id))  # type: ignore[arg-type]
    said = board.contenders[0].scores.argmax(1)
    assert found["models"][0]["f1"] == pytest.approx(sk.f1_score(board.labels, said, average="macro"))


@on_sqlite
def test_sorting_choosing_and_thresholds_are_in_the_address(sign_in: SignIn, published: Project):
    browser = sign_in()
    live = f"/projects/{published.id}/results/live"
    for query in ("?sort=precision", "?sort=parameters", "?threshold=0.3", "?model=2"):
        assert browser.get(live + query).status_code == 200
    for query in ("?sort=password_hash", "?threshold=2", "?threshold=nan", "?model=0", "?bakeoff=99"):
        assert browser.get(live + query).status_code in {404, 422}
    assert sign_in("engineer").get(live).status_code == 404
    table = browser.get(f"/projects/{published.id}/results/table.csv").text.splitlines()
    assert table[0].startswith("model,threshold,precision")
    assert len(table) == 3


@on_sqlite
def test_starting_says_what_is_missing_and_refuses_what_it_does_not_know(
    sign_in: SignIn, database: Database, published: Project
):
    browser = sign_in()
    early = browser.post(f"/projects/{published.id}/results", data={"models": ["resnet18"]})
    assert early.status_code == 409
    assert "10 more of closed" in early.text
    unknown = browser.post(f"/projects/{published.id}/results", data={"models": ["resnet19"]})
    assert unknown.status_code == 422
    assert "no model named resnet19" in unknown.text
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1
