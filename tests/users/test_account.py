from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.db import Database
from app.models import User, UserSession
from app.users.browser import browser_name
from tests.web import PASSWORD, add_person, browser, errors_of, on_sqlite, parsed, sign_in_with_password

pytestmark = on_sqlite

NEW = "quite another sentence"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1 Version/18.5 Mobile Safari/604.1"
)
EDGE = f"{CHROME} Edg/141.0"


@pytest.fixture
def ann(database: Database) -> User:
    return add_person(database, "ann@lab")


def signed_in(app: FastAPI, email: str = "ann@lab", user_agent: str = FIREFOX) -> TestClient:
    client = browser(app)
    client.headers["User-Agent"] = user_agent
    assert sign_in_with_password(client, email).status_code == 303
    return client


def session_ids(database: Database, user_id: int) -> list[int]:
    with database.read() as session:
        rows = session.scalars(
            select(UserSession.id)
            .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
            .order_by(UserSession.id)
        )
        return list(rows)


def test_a_changed_password_ends_every_other_session(app: FastAPI, ann: User):
    here, there = signed_in(app), signed_in(app)
    answer = here.post("/account/password", data={"current": PASSWORD, "password": NEW})
    assert answer.headers["Location"] == "/account?changed=true"
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303
    assert sign_in_with_password(browser(app), "ann@lab").status_code == 401
    assert sign_in_with_password(browser(app), "ann@lab", NEW).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "sentence"),
    [
        ("wrong", NEW, "This is not your password."),
        (PASSWORD, "short", "Please use 8 characters or more."),
        (PASSWORD, "x" * 201, "Please use 200 characters at most."),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(
    app: FastAPI, ann: User, current: str, new: str, sentence: str
):
    here, there = signed_in(app), signed_in(app)
    answer = here.post("/account/password", data={"current": current, "password": new})
    assert (answer.status_code, errors_of(answer)) == (422, [sentence])
    assert there.get("/account").status_code == 200
    assert sign_in_with_password(browser(app), "ann@lab").status_code == 303


def test_an_open_browser_is_no_place_to_guess_the_password(app: FastAPI, ann: User):
    here = signed_in(app)
    for _ in range(10):
        here.post("/account/password", data={"current": "guess", "password": NEW})
    answer = here.post("/account/password", data={"current": PASSWORD, "password": NEW})
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers


def test_sessions_are_listed_by_browser_and_can_be_ended(app: FastAPI, database: Database, ann: User):
    here, there = signed_in(app), signed_in(app, user_agent=CHROME)
    assert browsers(here) == ["Chrome on Windows", "Firefox on Linux"]
    assert browsers(here, "ru") == ["Chrome, Windows", "Firefox, Linux"]
    other = session_ids(database, ann.id)[1]
    assert here.post(f"/account/sessions/{other}/end").status_code == 303
    assert there.get("/account").status_code == 303
    assert here.get("/account").status_code == 200


def browsers(client: TestClient, language: str = "en") -> list[str]:
    page = parsed(client.get("/account", headers={"Accept-Language": language}))
    return [row.select("td")[0].get_text(strip=True) for row in page.select("tbody tr")]


def test_all_others_end_at_one_press(app: FastAPI, database: Database, ann: User):
    stranger = signed_in(app, add_person(database, "eve@lab").email)
    here, *others = [signed_in(app) for _ in range(3)]
    here.post("/account/sessions/end-others")
    assert [client.get("/account").status_code for client in (here, *others)] == [200, 303, 303]
    assert stranger.get("/account").status_code == 200


def test_nobody_ends_another_persons_session(app: FastAPI, database: Database, ann: User):
    mine = signed_in(app)
    eve = signed_in(app, add_person(database, "eve@lab", "admin").email)
    target = session_ids(database, ann.id)[0]
    assert eve.post(f"/account/sessions/{target}/end").status_code == 404
    assert mine.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        (EDGE, "Edge on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("curl/8.5", "A program"),
        ("", "A program"),
    ],
)
def test_browsers_are_named_as_people_call_them(database_url: str, user_agent: str, name: str):
    assert browser_name(user_agent) == name
