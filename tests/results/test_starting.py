"""Starting a bake-off: what a person chooses reaches the run's manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.models import Job, Project
from app.results.tasks import prepare
from ml.rundir import MANIFEST
from tests.conftest import SignIn
from tests.web import on_sqlite, parsed


@on_sqlite
@pytest.mark.parametrize("folds", [0, 5])
def test_folds_are_chosen_in_the_form_and_stand_in_the_manifest(
    sign_in: SignIn, database: Database, settings: Settings, labelled: int, tmp_path: Path, folds: int
):
    address = f"/projects/{labelled}/results"
    assert 'name="folds" value="5"' in sign_in().get(address).text
    sign_in().post(address, data={"models": ["compact"], "folds": str(folds)})
    with database.read() as session:
        job = session.scalars(select(Job).where(Job.kind == "bakeoff")).one()
    prepare(database, settings, job, tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert (manifest["models"], manifest["folds"]) == (["compact"], folds)


@on_sqlite
@pytest.mark.parametrize("folds", ["1", "21", "-5", "many"])
def test_an_odd_number_of_folds_is_refused(sign_in: SignIn, database: Database, labelled: int, folds: str):
    answer = sign_in().post(f"/projects/{labelled}/results", data={"models": ["compact"], "folds": folds})
    assert answer.status_code in {400, 422}
    with database.read() as session:
        assert session.scalars(select(Job)).first() is None


@on_sqlite
def test_settings_are_written_in_the_form_and_stand_in_the_manifest(
    sign_in: SignIn, database: Database, settings: Settings, labelled: int, tmp_path: Path
):
    address, browser = f"/projects/{labelled}/results", sign_in()
    assert "averaging, balanced" in parsed(browser.get(address)).select("#settings-note")[0].text
    for wrong in ("epochs", "epoch=3", "epochs=many", "balanced=2", "epochs=0"):
        assert browser.post(address, data={"models": ["compact"], "settings": wrong}).status_code == 422
    browser.post(address, data={"models": ["compact"], "settings": "epochs=3, mixup=0.2 balanced=true"})
    with database.read() as session:
        job = session.scalars(select(Job).where(Job.kind == "bakeoff")).one()
    prepare(database, settings, job, tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["settings"] == {"epochs": 3, "mixup": 0.2, "balanced": True}


@on_sqlite
def test_a_model_whose_library_is_missing_is_shown_and_cannot_be_chosen(
    sign_in: SignIn, database: Database, labelled: int, monkeypatch: pytest.MonkeyPatch
):
    browser, address = sign_in(), f"/projects/{labelled}/results"
    assert parsed(browser.get(address)).select("[name=models][disabled]") == []
    monkeypatch.setattr("ml.zoo.find_spec", lambda _name: None)
    page = parsed(browser.get(address))
    off = {box["value"]: box.parent.get_text() for box in page.select("[name=models][disabled]")}  # type: ignore[union-attr]
    assert set(off) == {"features:dinov2+logreg", "clip:ViT-B-32"}
    assert "pip install 'squint[foundation]'" in off["clip:ViT-B-32"]
    refused = browser.post(address, data={"models": ["compact", "clip:ViT-B-32"]})
    assert refused.status_code == 422
    assert "clip:ViT-B-32 needs the extra foundation" in refused.text
    with database.read() as session:
        assert session.scalars(select(Job)).first() is None


@on_sqlite
def test_the_form_stands_open_until_there_are_results(sign_in: SignIn, labelled: int):
    page = parsed(sign_in().get(f"/projects/{labelled}/results"))
    assert page.select_one("details#train[open] button[data-key=b]")
    assert not page.select("#contents")


@on_sqlite
def test_the_form_is_folded_above_the_results_and_its_key_trains_nothing(sign_in: SignIn, published: Project):
    page = parsed(sign_in().get(f"/projects/{published.id}/results"))
    assert page.select_one("details#train:not([open]) summary[data-key=b]")
    assert page.select("[data-key=b]") == page.select("#train summary")
    places = [part["id"] for part in page.select("main [id]")]
    assert places.index("contents") < places.index("train") < places.index("models")
    assert all(link["href"][1:] in places for link in page.select("#contents a:not([hidden])"))


@on_sqlite
def test_a_search_without_its_library_says_so_before_anybody_asks(
    sign_in: SignIn, labelled: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.results.searching.find_spec", lambda _name: None)
    page = parsed(sign_in().get(f"/projects/{labelled}/results"))
    assert "pip install 'squint[tune]'" in page.get_text()
    assert page.select_one("form[action$=search] button").has_attr("disabled")  # type: ignore[union-attr]
