"""The faults of signing in (Z1 to Z10), and the cookie; each test is named by its id."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.main import create_app
from app.models import SignInAttempt, User, UserSession
from app.security import COOKIE, HEADERS, local_path, token_hash
from app.users import passwords
from app.users.service import make_terminal_link
from tests.conftest import SignIn
from tests.web import (
    PASSWORD,
    SAME_SITE,
    add_person,
    browser,
    on_sqlite,
    parsed,
    served,
    sign_in_with_password,
)

pytestmark = on_sqlite


def test_z1_the_eleventh_wrong_password_waits_and_says_nothing_of_accounts(app: FastAPI, ann: User):
    def last_of_eleven(email: str) -> httpx.Response:
        for _ in range(10):
            assert sign_in_with_password(browser(app), email, "wrong").status_code == 401
        return sign_in_with_password(browser(app), email, "wrong")

    known, unknown = last_of_eleven("ann@lab"), last_of_eleven("nobody@lab")
    assert (known.status_code, unknown.status_code) == (429, 429)
    assert 0 < int(known.headers["Retry-After"]) <= 900
    assert parsed(known).main.get_text() == parsed(unknown).main.get_text()


def test_z2_ten_sign_ins_at_once_hash_two_at_a_time(app: FastAPI, ann: User, monkeypatch: pytest.MonkeyPatch):
    running: list[int] = []
    most: list[int] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002
            running.append(1)
            most.append(len(running))
            try:
                return super().verify(hash, password)
            finally:
                running.pop()

    monkeypatch.setattr(passwords, "HASHER", Watched(**passwords.COST))
    form = {"email": "ann@lab", "password": PASSWORD}
    with served(app) as address, ThreadPoolExecutor(10) as people:

        def sign_in(_: int) -> int:
            return httpx.post(f"{address}/sign-in", data=form, headers=SAME_SITE, timeout=30).status_code

        statuses = list(people.map(sign_in, range(10)))
    assert set(statuses) <= {303, 429}
    assert 303 in statuses
    assert max(most) <= 2


@pytest.mark.parametrize("password", ["x" * 72 + "a", "  spaces count  ", "пароль-öäü-🔑", "y" * 200])
def test_z3_the_whole_password_counts(app: FastAPI, database: Database, settings: Settings, password: str):
    with database.write() as session:
        link = make_terminal_link(session, settings)
    assert browser(app).post(link, data={"email": "a@lab", "password": password}).status_code == 303
    assert sign_in_with_password(browser(app), "a@lab", password).status_code == 303
    assert sign_in_with_password(browser(app), "a@lab", password[:-1]).status_code == 401


@pytest.mark.parametrize("end", ["sign-out", "new password", "disabled"])
def test_z4_a_cookie_is_dead_from_the_next_request_on(
    app: FastAPI, signed_in: TestClient, ann: User, sign_in: SignIn, end: str
):
    token = signed_in.cookies[COOKIE]
    if end == "sign-out":
        signed_in.post("/sign-out")
    elif end == "new password":
        other = browser(app)
        sign_in_with_password(other, "ann@lab")
        other.post("/account/password", data={"current": PASSWORD, "password": "another sentence"})
    else:
        sign_in("admin").post(f"/users/{ann.id}/disable")
    assert replay(app, token) == 401


def replay(app: FastAPI, token: str) -> int:
    client = browser(app)
    client.cookies.set(COOKIE, token)
    return client.get("/account", headers={"Accept": "application/json"}).status_code


def test_z5_a_planted_cookie_is_replaced_and_never_signed_in(app: FastAPI, database: Database, ann: User):
    planted = "planted-by-somebody-else"
    answer = browser(app).post(
        "/sign-in", data={"email": "ann@lab", "password": PASSWORD}, headers={"Cookie": f"{COOKIE}={planted}"}
    )
    assert answer.status_code == 303
    assert planted not in answer.headers["Set-Cookie"]
    assert replay(app, planted) == 401


def test_z5_signing_in_again_ends_the_session_before(app: FastAPI, signed_in: TestClient):
    token = signed_in.cookies[COOKIE]
    sign_in_with_password(signed_in, "ann@lab")
    assert replay(app, token) == 401
    assert signed_in.get("/account").status_code == 200


@pytest.mark.parametrize("change", ["", "x", "first", "hash", "1", "' OR 1=1 --", "é"])
def test_z6_a_forged_cookie_is_nobodys(app: FastAPI, database: Database, signed_in: TestClient, change: str):
    token = signed_in.cookies[COOKIE]
    with database.read() as session:
        stored = session.scalars(select(UserSession.token_hash)).one()
    assert stored == token_hash(token)
    forged = {"x": token + "x", "first": "A" + token[1:] if token[0] != "A" else "B" + token[1:], "hash": stored}
    header = f"{COOKIE}={forged.get(change, change)}".encode()
    answer = browser(app).get("/account", headers={b"Cookie": header, b"Accept": b"application/json"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
        ({"Origin": "http://testserver"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
    ids=str,
)
def test_z7_another_site_cannot_make_a_browser_act(
    app: FastAPI, signed_in: TestClient, headers: dict[str, str], status: int
):
    token = signed_in.cookies[COOKIE]
    del signed_in.headers["Sec-Fetch-Site"]
    assert signed_in.post("/account/sessions/end-others", headers=headers).status_code == status
    assert replay(app, token) == 200


def test_z7_a_proxy_that_changes_the_host_is_named_by_the_public_address(app: FastAPI, signed_in: TestClient):
    app.state.settings.public_url = "http://squint.lab"
    del signed_in.headers["Sec-Fetch-Site"]
    ours = signed_in.post("/account/sessions/end-others", headers={"Origin": "http://squint.lab"})
    assert ours.status_code == 303


def test_z8_a_claimed_address_does_not_count(app: FastAPI, database: Database, ann: User):
    for number in range(30):
        client = browser(app)
        client.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        sign_in_with_password(client, f"guess{number}@lab")
    assert sign_in_with_password(browser(app), "one-more@lab").status_code == 429
    with database.read() as session:
        keys = set(session.scalars(select(SignInAttempt.key)))
    assert {key for key in keys if key.startswith("address:")} == {"address:192.0.2.7"}


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "", "testserver@evil.example"])
def test_z9_a_foreign_host_is_refused_with_all_headers(app: FastAPI, host: str):
    answer = browser(app).get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert HEADERS.items() <= dict(answer.headers.items() | title_case(answer).items()).items()


def title_case(answer: httpx.Response) -> dict[str, str]:
    return {name: answer.headers[name] for name in HEADERS if name in answer.headers}


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "evil", "", "/a\\b",
     "/a\r\nSet-Cookie: x=1", "/\t/evil.example", " //evil.example", "/é"],
)  # fmt: skip
def test_z10_signing_in_leads_nowhere_else(app: FastAPI, ann: User, address: str):
    assert local_path(address) == "/"
    assert sign_in_with_password(browser(app), "ann@lab", next=address).headers["Location"] == "/"


def test_z10_and_leads_to_any_page_of_ours(database_url: str):
    for address in ("/", "/projects/1/review", "/projects/1/images?state=unclear&q=a%20b", "/a//b"):
        assert local_path(address) == address


@pytest.fixture
def secure(settings: Settings) -> Iterator[FastAPI]:
    app = create_app(settings.model_copy(update={"public_url": "https://testserver"}))
    yield app
    app.state.database.close()


def test_the_cookie_over_https_is_bound_to_this_host(secure: FastAPI):
    add_person(secure.state.database, "ann@lab")
    answer = sign_in_with_password(browser(secure), "ann@lab")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-{COOKIE}=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_cookie_over_http_is_kept_from_scripts_and_other_sites(app: FastAPI, ann: User):
    cookie = sign_in_with_password(browser(app), "ann@lab").headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
