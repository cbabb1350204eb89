"""What nobody reaches, whoever asks (Z11 to Z14), and what every answer carries."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.config import Settings
from app.db import REQUESTS_AT_ONCE, Database
from app.models import Project, User
from app.security import COOKIE, HEADERS, token_hash
from app.users.service import make_terminal_link
from tests import factories
from tests.conftest import SignIn
from tests.web import (
    PASSWORD,
    add_person,
    add_project,
    browser,
    on_sqlite,
)

pytestmark = on_sqlite


def test_z11_a_foreign_project_is_absent_to_an_annotator(database: Database, signed_in: TestClient):
    project = add_project(database, "foreign")
    with database.write() as session:
        [image] = factories.add_images(session, session.get_one(Project, project.id), 1)
    base = f"/projects/{project.id}"
    paths = [
        "",
        f"/images/{image.id}.png",
        "/export/labels.csv",
        "/export/models/1.zip",
        "/jobs/x/log",
        "/jobs/strip",
    ]
    for path in paths:
        assert signed_in.get(base + path).status_code == 404, path


def test_z12_the_last_admin_can_be_neither_demoted_nor_disabled(database: Database, sign_in: SignIn):
    admin = sign_in("admin")
    own = f"/users/{admin.user_id}"
    assert admin.post(f"{own}/role", data={"role": "annotator"}).status_code == 409
    assert admin.post(f"{own}/disable").status_code == 409
    with database.read() as session:
        user = session.get_one(User, admin.user_id)
        assert (user.role, user.disabled_at) == ("admin", None)


def test_z13_the_first_run_page_is_gone_after_the_set_up(app: FastAPI, database: Database, settings: Settings):
    with database.write() as session:
        links = [make_terminal_link(session, settings) for _ in range(2)]
    add_person(database, "boss@lab", "admin")
    for link in links:
        assert browser(app).get(link).status_code == 404
        form = {"email": "eve@lab", "password": PASSWORD}
        assert browser(app).post(link, data=form).status_code == 404


def test_z14_a_picture_is_not_shown_without_a_session_nor_kept(app: FastAPI, database: Database):
    project = add_project(database)
    with database.write() as session:
        [image] = factories.add_images(session, session.get_one(Project, project.id), 1)
    answer = browser(app).get(f"/projects/{project.id}/images/{image.id}.png", headers={"Accept": "image/*"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (401, "private, no-store")


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/nothing", "/projects/1", "/static/app.css", "/healthz", "/broken"]
)
def test_every_answer_carries_the_headers_even_a_fault(app: FastAPI, path: str):
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    answer = browser(app).get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert "secret detail" not in answer.text
    kept = "no-cache" if path.startswith("/static") else "private, no-store"
    assert answer.headers["Cache-Control"] == kept


def test_no_token_stands_in_a_page(database: Database, signed_in: TestClient):
    token = signed_in.cookies[COOKIE]
    for path in ("/", "/account"):
        page = signed_in.get(path).text
        assert token not in page
        assert token_hash(token) not in page


def test_there_is_no_account_and_no_secret_before_the_first_start(database: Database):
    with database.read() as session:
        assert session.scalars(select(User)).all() == []
    source = "".join(path.read_text() for path in Path("app").rglob("*.py"))
    assert "SECRET_KEY" not in source


@pytest.mark.parametrize("path", ["/sign-in", "/links/unknown"])
def test_a_stranger_who_sends_a_form_slowly_keeps_nobody_out_meanwhile(
    app: FastAPI, database: Database, path: str
):
    """All the places of those who are served at once are free while the form comes in."""
    sent: list[int] = []

    async def receive() -> dict[str, object]:
        async with AsyncExitStack() as places, asyncio.timeout(10):
            for _ in range(REQUESTS_AT_ONCE):
                await places.enter_async_context(database.place())
        return {"type": "http.request", "body": b"email=ann%40lab&password=long%20enough", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("status", 0))

    headers = {"host": "testserver", "content-type": "application/x-www-form-urlencoded"}
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()], "scheme": "http",
        "client": ("192.0.2.7", 50_000), "server": ("testserver", 80),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert sent[0] in {401, 404}
