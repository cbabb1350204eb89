"""What the page draws from, and the images behind every number."""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, update

from app.db import Database
from app.models import Classifier, Project
from app.results.queries import choose, get_bakeoff, read_board, read_codes
from tests.conftest import SignIn
from tests.results.conftest import COUNT
from tests.web import on_sqlite

pytestmark = on_sqlite


def shown(text: str) -> list[int]:
    return [int(tile["data-image"]) for tile in BeautifulSoup(text, "html.parser").select(".tile")]


@pytest.mark.parametrize("counted", ["when it was published", "now, for a bake-off from before"])
def test_a_tally_counts_every_image_once_and_may_be_kept_for_ever(
    sign_in: SignIn, database: Database, published: Project, counted: str
):
    if counted.startswith("now"):
        with database.write() as session:
            session.execute(update(Classifier).values(tallies=None))
    answer = sign_in().get(f"/projects/{published.id}/results/models/1.tally")
    assert "immutable" in answer.headers["Cache-Control"]
    steps, columns = struct.unpack("<II", answer.content[:8])
    counts = np.frombuffer(answer.content[8 + 4 * steps :], "<i4").reshape(columns, 2, steps)
    assert counts.sum(2).tolist() == [[COUNT / 2, COUNT / 2]]
    grid = np.frombuffer(answer.content[8 : 8 + 4 * steps], "<f4")
    with database.read() as session:
        score = read_board(session, get_bakeoff(session, published.id)).contenders[0].scores[:, 1]
    assert counts[0, :, grid >= np.float32(0.6)].sum() == (score >= np.float32(0.6)).sum()


def test_the_first_answer_reads_no_scores(sign_in: SignIn, database: Database, published: Project):
    with database.write() as session:
        session.execute(update(Classifier).values(scores=b"nothing to be read here"))
    assert sign_in().get(f"/projects/{published.id}/results?threshold=0.7&from=0.2").status_code == 200


def test_two_thresholds_set_aside_what_lies_between(sign_in: SignIn, database: Database, published: Project):
    with database.read() as session:
        board = read_board(session, get_bakeoff(session, published.id))
    score = board.contenders[0].scores[:, 1]
    between = set(board.image_ids[(score >= np.float32(0.3)) & (score < np.float32(0.7))].tolist())
    browser, base = sign_in(), f"/projects/{published.id}/results"
    page = browser.get(f"{base}/images?model=1&threshold=0.7&from=0.3&said=-1")
    assert set(shown(page.text)) == between
    galleries = browser.get(f"{base}/galleries?model=1&threshold=0.7&from=0.3").text
    assert f"Not sure · {len(between)}" in galleries


def test_a_bar_a_point_a_slice_and_a_rival_open_exactly_their_images(
    sign_in: SignIn, database: Database, published: Project
):
    with database.read() as session:
        bakeoff = get_bakeoff(session, published.id)
        board, codes = read_board(session, bakeoff), read_codes(session, bakeoff)
    score = board.contenders[0].scores[:, 1]
    right = [c.scores[:, 1] >= np.float32(0.6) for c in board.contenders]
    expected = {
        "label=1&least=0.4&below=0.6": (board.labels == 1)
        & (score >= np.float32(0.4))
        & (score < np.float32(0.6)),
        "cut=0&part=1": codes[0] == 1,  # type: ignore[index]
        "against=2": right[0] != right[1],
        "label=0&wrong=true": (board.labels == 0) & right[0],
    }
    browser = sign_in()
    for query, rows in expected.items():
        page = browser.get(f"/projects/{published.id}/results/images?model=1&{query}")
        assert sorted(shown(page.text)) == sorted(board.image_ids[rows].tolist())[:48], query
    near = shown(browser.get(f"/projects/{published.id}/results/images?model=1&near=0.5").text)
    ordered = board.image_ids[np.argsort(np.abs(score - np.float32(0.5)), kind="stable")]
    assert near == ordered.tolist()[:48]
    for query in ("cut=99&part=0", "label=7", "model=99", "near=nan", "against=99"):
        assert browser.get(f"/projects/{published.id}/results/images?{query}").status_code in {200, 404, 422}


def test_findings_name_suspects_comparisons_and_leaks(sign_in: SignIn, published: Project):
    page = BeautifulSoup(sign_in().get(f"/projects/{published.id}/results/findings").text, "html.parser")
    assert len(page.select("#verdicts li")) == 1
    verdict = page.select_one("#verdicts li").text  # type: ignore[union-attr]
    assert re.search(r"ResNet18.*EER: ResNet\d+ is better by .* Error: ResNet\d+ is better by .*\)\.", verdict)
    assert page.select("#doubts .tile")
    suspects = page.select("#doubts .tile.suspect")
    assert all("in doubt" in str(tile["aria-label"]) and tile.select(".doubt") for tile in suspects)
    assert "No group stands in both" in page.select_one("#leaks").text  # type: ignore[union-attr]


def test_of_many_comparisons_those_with_the_best_model_are_seen_and_the_others_unfold(
    sign_in: SignIn, database: Database, published: Project
):
    with database.write() as session:
        bakeoff = get_bakeoff(session, published.id)
        best = choose(session, bakeoff, None)
        other = next(row.name for row in bakeoff.classifiers if row.id != best)
        pair = bakeoff.findings["pairs"][0]
        bakeoff.findings = {**bakeoff.findings, "pairs": [*[{**pair, "first": other, "second": other}] * 6, pair]}
    page = BeautifulSoup(sign_in().get(f"/projects/{published.id}/results/findings").text, "html.parser")
    seen = page.select("#verdicts > ul li")
    assert len(seen) == 1
    assert all(title in seen[0].text for title in ("ResNet18", "ResNet50"))
    assert len(page.select("#verdicts details li")) == 6


def test_slices_show_counts_and_intervals_of_the_chosen_model(sign_in: SignIn, published: Project):
    page = BeautifulSoup(sign_in().get(f"/projects/{published.id}/results/slices?model=2").text, "html.parser")
    for table in page.select("table"):
        assert sum(int(row.select("td")[0].text) for row in table.select("tbody tr")) == COUNT
    assert len(page.select("table")) >= 3


@pytest.mark.parametrize("published", [("closed", "half", "open")], indirect=True)
def test_three_classes_have_curves_of_each_against_the_rest(sign_in: SignIn, published: Project):
    browser = sign_in()
    answer = browser.get(f"/projects/{published.id}/results/models/1.tally")
    steps, columns = struct.unpack("<II", answer.content[:8])
    assert columns == 4
    counts = np.frombuffer(answer.content[8 + 4 * steps :], "<i4").reshape(columns, 2, steps)
    assert counts[:3].sum(2).tolist() == [[COUNT * 2 / 3, COUNT / 3]] * 3
    page = BeautifulSoup(browser.get(f"/projects/{published.id}/results").text, "html.parser")
    assert len(page.select("#column option")) == 3
    assert page.select_one("#threshold") is None
    cell = browser.get(f"/projects/{published.id}/results/images?label=0&said=2&column=1&least=0.1")
    assert cell.status_code == 200


def test_a_model_of_another_project_is_nobodys(sign_in: SignIn, database: Database, published: Project):
    with database.read() as session:
        known = session.scalars(select(Classifier.id)).all()
    assert sign_in().get(f"/projects/1/results/models/{known[0]}.tally").status_code == 404
