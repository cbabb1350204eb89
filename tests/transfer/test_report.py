"""The report of a bake-off: one file that a browser opens without anybody's help."""

from __future__ import annotations

import base64
import re
from itertools import pairwise

import numpy as np
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.models import Bakeoff
from app.transfer import charts
from tests.factories import add_project
from tests.transfer.conftest import Loop, add_bakeoff


def test_it_holds_everything_and_asks_for_nothing(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    add_bakeoff(database, settings, loop.project_id, loop.images, "resnet18", "vgg11")
    sent = engineer.get(f"/projects/{loop.project_id}/export/report.html")
    assert 'filename="eyes-report.html"' in sent.headers["content-disposition"]
    page = BeautifulSoup(sent.text, "html.parser")
    assert [row.th.get_text() for row in page.select("section:first-of-type tbody tr")] == ["Resnet18", "Vgg11"]
    assert not page.select("script, link, iframe")
    outside = [tag["src"] for tag in page.select("[src]") if not tag["src"].startswith("data:image/png;base64,")]
    outside += [tag["href"] for tag in page.select("[href]") if not tag["href"].startswith("#")]
    assert outside == []
    assert not re.search(r"url\(|@import|https?:", sent.text)
    assert "default-src 'none'" in page.select_one("meta[http-equiv]")["content"]
    assert "A note." in page.get_text()


def test_its_galleries_show_the_errors_themselves(
    engineer: TestClient, loop: Loop, classifier_id: int, database: Database
):
    page = BeautifulSoup(engineer.get(f"/projects/{loop.project_id}/export/report.html").text, "html.parser")
    section = page.select_one(f"#model-{classifier_id}")
    assert [h.get_text() for h in section.select("h3")][1:] == [
        "Labelled closed, told otherwise: 1", "Labelled open, told otherwise: 1",
    ]  # fmt: skip
    pictures = [tag["src"].partition(",")[2] for tag in section.select("img")]
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert len(pictures) == 2
    assert [[cell.get_text() for cell in row("td")][:2] for row in section.select(".matrix tbody tr")] == [
        ["1", "1"], ["1", "1"],
    ]  # fmt: skip


def test_it_tells_who_is_better_where_models_fail_and_which_labels_are_in_doubt(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    add_bakeoff(database, settings, loop.project_id, loop.images, "resnet18", "vgg11")
    address = f"/projects/{loop.project_id}/export/report.html"
    assert "What it found" not in engineer.get(address).text
    fine = {"images": 90, "wrong": 3, "worse": False}
    with database.write() as session:
        session.scalars(select(Bakeoff)).one().findings = {
            "cuts": [{"name": "brightness", "slices": ["darkest", "brightest"]}],
            "slices": {"resnet18": [[{"images": 40, "wrong": 10, "worse": True}, fine]], "vgg11": [[fine, fine]]},
            "doubts": [{"row": 1, "suspect": True}, {"row": 2, "suspect": False}],
            "leaks": {"groups_in_both": 0, "found": 2},
            "pairs": [{
                "first": "resnet18", "second": "vgg11", "only_first": 30, "only_second": 2, "p": 1e-6,
                "by_group": False, "holm": 1e-6,
                "differences": {"error": {"value": -0.28, "low": -0.352, "high": -0.19}},
            }],
        }  # fmt: skip
    russian = {"Accept-Language": "ru"}
    page = BeautifulSoup(engineer.get(address, headers=russian).text, "html.parser")
    text = " ".join(page.get_text(" ").split())
    assert "Resnet18 is better than Vgg11: 30 against 2 images, p < .001." in text
    assert "Error: Resnet18 is better by 28.0 points (19.0 to 35.2)." in text
    assert "Resnet18, brightness: darkest: 10 of 40 wrong" in text
    assert "Vgg11, brightness" not in text
    assert "1 of 4 test labels are probably wrong" in text
    assert "Near duplicates across them: 2." in text


def test_a_project_without_a_bakeoff_has_no_report_and_a_hostile_name_stays_text(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    with database.write() as session:
        empty = add_project(session, "empty").id
    assert engineer.get(f"/projects/{empty}/export/report.html").status_code == 404
    add_bakeoff(database, settings, loop.project_id, loop.images, "<img src=http://evil>")
    text = engineer.get(f"/projects/{loop.project_id}/export/report.html").text
    assert "<img src=http" not in text.lower()


def test_the_charts_say_what_the_arrays_hold():
    positive, scores = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.4, 0.1], np.float32)
    assert charts.roc(positive, scores) == "0.00,100.00 0.00,50.00 50.00,50.00 50.00,0.00 100.00,0.00"
    assert charts.roc(np.ones(4, bool), scores) == ""
    assert charts.calibration(positive, scores) == [
        (10.0, 0.0, 1),
        (40.0, 100.0, 1),
        (80.0, 0.0, 1),
        (90.0, 100.0, 1),
    ]
    bars = charts.histogram(np.array([1, 0, 1, 0]), scores, 2)
    assert [[bar.count for bar in row] for row in bars] == [[1, 1], [1, 1]]
    pareto = charts.pareto([("small", 1000, 0.05, 0.04, 0.06), ("large", 10_000, 0.05, 0.04, 0.06)])
    assert [dot.is_best for dot in pareto.dots] == [True, False]
    assert charts.pareto([]).dots == []
    close = charts.pareto(
        [(name, 1000, error, 0.1, 0.2) for name, error in (("a", 0.15), ("b", 0.151), ("c", 0.152))]
    )
    names = [dot.label_y for dot in close.dots]
    assert [dot.label for dot in close.dots] == ["c", "b", "a"]
    assert min(low - high for high, low in pairwise(names)) >= 4.5
