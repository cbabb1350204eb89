"""A search for settings: who may start it on what, and how the next bake-off uses what it found."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.models import Job, Project
from app.models.base import now
from app.results import tasks
from app.results.found import list_found
from app.results.search_tasks import prepare, publish
from ml.contract import Tuned
from ml.rundir import MANIFEST, TUNED
from tests.conftest import SignIn
from tests.web import on_sqlite, parsed

FOUND = Tuned("compact", {"learning_rate": 0.002, "augmentation": "flip"}, 0.1, 0.12, 7)


def finish(database: Database, settings: Settings, folder: Path, found: Tuned) -> None:
    """Let the waiting search come to its end."""
    (folder / TUNED).write_text(json.dumps(asdict(found)))
    with database.write() as session:
        job = session.scalars(select(Job).where(Job.kind == "tune", Job.finished_at.is_(None))).one()
        publish(session, settings, job, folder)
        job.finished_at = now()


def manifest_in(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / MANIFEST).read_text())
    return found


def test_what_a_search_found_trains_the_next_bake_off_where_that_is_wanted(
    sign_in: SignIn, database: Database, settings: Settings, labelled: int, tmp_path: Path
):
    browser, address = sign_in(), f"/projects/{labelled}/results"
    started = browser.post(f"{address}/search", data={"model": "compact", "minutes": "5"})
    with database.read() as session:
        job = session.scalars(select(Job).where(Job.kind == "tune")).one()
        assert list_found(session, labelled) == {}
    assert started.headers["Location"].endswith(f"/jobs/{job.id}")
    assert "A search is on its way" in browser.get(address).text
    prepare(database, settings, job, tmp_path)
    frozen = manifest_in(tmp_path)
    assert (frozen["kind"], frozen["models"], frozen["minutes"]) == ("tune", ["compact"], 5)
    assert frozen["recipe"] == "founding"
    assert -1 not in frozen["labels"]  # type: ignore[operator]
    finish(database, settings, tmp_path, FOUND)

    page = " ".join(parsed(browser.get(address)).get_text().split())
    assert "validation loss .100 after 7 tries, .120 with the usual settings" in page
    browser.post(address, data={"models": ["compact", "resnet18"], "tuned": "true"})
    with database.read() as session:
        bakeoff = session.scalars(select(Job).where(Job.kind == "bakeoff")).one()
    tasks.prepare(database, settings, bakeoff, tmp_path)
    assert manifest_in(tmp_path)["tuned"] == {"compact": FOUND.settings}


@on_sqlite
def test_without_the_wish_a_bake_off_trains_as_ever(
    sign_in: SignIn, database: Database, settings: Settings, labelled: int, tmp_path: Path
):
    sign_in().post(f"/projects/{labelled}/results/search", data={"model": "compact", "minutes": "5"})
    finish(database, settings, tmp_path, FOUND)
    sign_in().post(f"/projects/{labelled}/results", data={"models": ["compact"]})
    with database.read() as session:
        assert session.scalars(select(Job).where(Job.kind == "bakeoff")).one().spec["tuned"] == {}


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"model": "resnet19"}, "no model named resnet19"),
        ({"model": "features:compact+svm"}, "no training settings"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "inf"}, "minutes"),
        ({"minutes": "9999"}, "minutes"),
    ],
)
def test_a_search_that_cannot_be_is_refused_in_a_sentence(
    sign_in: SignIn, database: Database, labelled: int, fields: dict[str, str], says: str
):
    answer = sign_in().post(
        f"/projects/{labelled}/results/search", data={"model": "compact", "minutes": "5"} | fields
    )
    assert answer.status_code in {400, 422}
    assert says in answer.text
    with database.read() as session:
        assert session.scalars(select(Job)).first() is None


@on_sqlite
def test_without_labels_or_without_optuna_there_is_no_search(
    sign_in: SignIn, database: Database, labelled: int, monkeypatch: pytest.MonkeyPatch
):
    with database.read() as session:
        bare = session.scalars(select(Project.id).where(Project.id != labelled)).one()
    assert sign_in().post(f"/projects/{bare}/results/search", data={}).status_code == 409
    monkeypatch.setattr("app.results.searching.find_spec", lambda _name: None)
    assert "squint[tune]" in sign_in().post(f"/projects/{labelled}/results/search", data={}).text
