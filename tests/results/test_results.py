"""A bake-off becomes a page whose figures are scikit-learn's at every threshold."""

from __future__ import annotations

import numpy as np
import pytest
from bs4 import BeautifulSoup
from sklearn import metrics as sk
from sqlalchemy import func, select, update

from app.db import Database
from app.models import Image, Job, Project, QueueEntry
from app.results.queries import get_bakeoff, read_board, read_matrix, read_rows, results_json
from tests.conftest import SignIn
from tests.results.conftest import COUNT
from tests.web import on_sqlite


@pytest.mark.parametrize("threshold", [0.0, 0.37, 0.6, 1.0])
def test_the_table_is_scikit_learns_at_any_threshold(database: Database, published: Project, threshold: float):
    with database.read() as session:
        bakeoff = get_bakeoff(session, published.id)
        board, rows = read_board(session, bakeoff), read_rows(session, bakeoff)
        matrices = [read_matrix(session, bakeoff, row, threshold) for row in rows]
    for contender, row, matrix in zip(board.contenders, rows, matrices, strict=True):
        said = contender.scores[:, 1] >= np.float32(threshold)
        truth = board.labels == 1
        precision = sk.precision_score(truth, said, zero_division=0)
        assert row.moving("precision", threshold) == pytest.approx(precision)
        assert row.moving("recall", threshold) == pytest.approx(sk.recall_score(truth, said, zero_division=0))
        assert (matrix == sk.confusion_matrix(truth, said, labels=[False, True])).all()
        assert (board.matrix(contender, threshold) == matrix).all()


@on_sqlite
def test_the_galleries_hold_exactly_the_errors_surest_first(
    sign_in: SignIn, database: Database, published: Project
):
    address = f"/projects/{published.id}/results/galleries?threshold=0.5&model=1"
    page = BeautifulSoup(sign_in().get(address).text, "html.parser")
    with database.read() as session:
        board = read_board(session, get_bakeoff(session, published.id))
    contender = board.contenders[0]
    said = contender.scores[:, 1] >= np.float32(0.5)
    wrong = board.image_ids[said & (board.labels == 0)]
    gallery = page.find("h2", string=lambda text: text and "Said open, are closed" in text).parent  # type: ignore[union-attr]
    shown = [int(tile["data-image"]) for tile in gallery.select(".tile")]  # type: ignore[union-attr]
    assert len(shown) == min(24, len(wrong))
    assert set(shown) <= set(wrong.tolist())
    by_id = dict(zip(board.image_ids.tolist(), contender.scores[:, 1].tolist(), strict=True))
    assert [by_id[i] for i in shown] == sorted((by_id[i] for i in shown), reverse=True)


@on_sqlite
def test_an_image_that_another_person_is_still_asked_is_in_no_gallery(
    sign_in: SignIn, database: Database, published: Project
):
    address = f"/projects/{published.id}/results/galleries?threshold=0.5&model=1"
    before = BeautifulSoup(sign_in().get(address).text, "html.parser").select(".tile")
    asked = int(before[0]["data-image"])
    with database.write() as session:
        session.add(
            QueueEntry(image_id=asked, project_id=published.id, pile="review", rank=0.0, others_only=True)
        )
    after = BeautifulSoup(sign_in().get(address).text, "html.parser").select(".tile")
    assert {int(tile["data-image"]) for tile in before} - {int(tile["data-image"]) for tile in after} == {asked}


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
    galleries = sign_in().get(f"/projects/{published.id}/results/galleries")
    assert galleries.text.count("said otherwise") == 3
    with database.read() as session:
        found = results_json(session, published)
        board = read_board(session, get_bakeoff(session, published.id))
    said = board.contenders[0].scores.argmax(1)
    assert len(found["comparisons"]) == len(found["pairs"]) == 1
    assert set(found["pairs"][0]["differences"]) == {"error"}
    assert found["near_duplicates_across_parts"] == 0
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
    predictions = browser.get(f"/projects/{published.id}/results/predictions.csv").text.splitlines()
    assert predictions[0] == "image_id,filename,label,resnet18: open,resnet50: open"
    assert len(predictions) == 1 + COUNT


@on_sqlite
def test_starting_says_what_is_missing_and_refuses_what_it_does_not_know(
    sign_in: SignIn, database: Database, published: Project
):
    with database.write() as session:
        session.execute(update(Image).values(state="new", class_id=None))
    browser = sign_in()
    early = browser.post(f"/projects/{published.id}/results", data={"models": ["resnet18"]})
    assert early.status_code == 409
    assert "10 of closed" in early.text
    unknown = browser.post(f"/projects/{published.id}/results", data={"models": ["resnet19"]})
    assert unknown.status_code == 422
    assert "no model named resnet19" in unknown.text
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1
