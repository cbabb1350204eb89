from __future__ import annotations

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from app import health
from app.config import Settings
from app.db import Database
from app.models import SignInAttempt, Worker, now
from tests.web import browser


@pytest.fixture(autouse=True)
def _data_dir(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True)


def ready(app: FastAPI) -> tuple[int, dict]:
    app.state.readiness = None
    answer = browser(app).get("/readyz")
    return answer.status_code, answer.json()


def test_health_speaks_of_the_process_only(app: FastAPI, database: Database):
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE worker"))
    assert browser(app).get("/healthz").json() == {"process": "ok"}


def test_ready_when_rows_can_be_written_and_the_schema_is_ours(app: FastAPI, database: Database):
    status, answer = ready(app)
    assert (status, answer["ready"], answer["database"], answer["schema"]) == (200, True, "ok", "ok")
    with database.read() as session:
        assert session.scalars(select(SignInAttempt)).all() == [], "the probe leaves nothing"


def test_a_worker_without_a_heartbeat_is_named_but_people_can_go_on(app: FastAPI, database: Database):
    assert ready(app)[1]["worker"] == {"alive": False}
    with database.write() as session:
        session.add(Worker(id="old", host="here", pid=1, beat_at=now() - timedelta(minutes=5)))
    status, answer = ready(app)
    assert (status, answer["worker"]["alive"]) == (200, False)
    assert answer["worker"]["seconds_since_heartbeat"] == pytest.approx(300, abs=5)
    with database.write() as session:
        session.add(Worker(id="new", host="here", pid=2))
    assert ready(app)[1]["worker"]["alive"] is True


def test_not_ready_over_another_versions_schema(app: FastAPI, database: Database):
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    status, answer = ready(app)
    assert (status, answer["schema"]) == (503, "another version's")


def test_not_ready_when_rows_cannot_be_written(app: FastAPI, database: Database):
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE sign_in_attempt"))
    status, answer = ready(app)
    assert (status, answer["ready"]) == (503, False)
    assert "sign_in_attempt" not in str(answer), "the statement is nobody's business"


def test_not_ready_on_a_full_disk(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    usage = SimpleNamespace(free=health.LEAST_FREE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    status, answer = ready(app)
    assert (status, answer["disk"]) == (503, "only 199 MB free")


def test_not_ready_without_the_data_folder(app: FastAPI, settings: Settings):
    settings.data_dir.rmdir()
    status, answer = ready(app)
    assert (status, answer["disk"]) == (503, "the data folder cannot be read")


def test_asking_often_writes_seldom(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    probes = []
    monkeypatch.setattr(
        health, "_probe", lambda *_: probes.append(1) or dict.fromkeys(["database", "schema", "disk"], "ok")
    )
    for _ in range(5):
        assert browser(app).get("/readyz").status_code == 200
    assert len(probes) == 1
