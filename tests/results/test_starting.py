"""Starting a bake-off: what a person chooses reaches the run's manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.models import Job
from app.results.tasks import prepare
from ml.rundir import MANIFEST
from tests.conftest import SignIn
from tests.web import on_sqlite


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
