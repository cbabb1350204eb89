"""The faults of signing in (Z) and of forms (A) that any page can meet; each test is named by its id."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.main import create_app
from app.models import Project, SignInAttempt, User, UserSession
from app.security import COOKIE, HEADERS, local_path, token_hash
from app.users import passwords
from app.users.service import make_terminal_link
from tests import factories
from tests.conftest import SignIn
from tests.web import (
    PASSWORD,
    SAME_SITE,
    add_person,
    add_project,
    browser,
    on_sqlite,
    parsed,
    served,
    sign_in_with_password,
)

pytestmark = on_sqlite


@pytest.fixture
def ann(database: Database) -> User:
    return add_person(database, "ann@lab")


@pytest.fixture
def signed_in(app: FastAPI, ann: User) -> TestClient:
    client = browser(app)
    assert sign_in_with_password(client, "ann@lab").status_code == 303
    return client


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


NASTY = {
    "empty": "",
    "1 MB": "x" * 1_000_000,
    "script": "<script>alert(1)</script>",
    "template": "{{7*7}}",
    "sql": "'; DROP TABLE project; --",
    "nul": "a\0b",
    "right to left": "a\u202eb",
    "emoji": "👁️ open",
}
FIELDS = {
    ("/sign-in", "email"): {"password": PASSWORD},
    ("/sign-in", "password"): {"email": "ann@lab"},
    ("/sign-in", "next"): {"email": "ann@lab", "password": "wrong"},
    ("/account/password", "current"): {"password": "another sentence"},
    ("/account/password", "password"): {"current": "wrong"},
    ("/users/invitations", "role"): {},
    ("/users/invitations", "project_id"): {"role": "annotator"},
    ("/projects", "name"): {"classes": "closed, open", "seed_size": "100"},
    ("/projects", "classes"): {"name": "p", "seed_size": "100"},
    ("/projects", "positive"): {"name": "p", "classes": "closed, open"},
    ("/projects", "seed_size"): {"name": "p", "classes": "closed, open"},
    ("/projects", "group_pattern"): {"name": "p", "classes": "closed, open"},
    ("/projects/1/settings", "name"): {"positive_id": "1", "seed_size": "100"},
    ("/projects/1/settings", "positive_id"): {"name": "p"},
    ("/projects/1/classes", "name-1"): {"action": "save"},
    ("/projects/1/classes", "key-1"): {"action": "save"},
    ("/projects/1/classes", "action"): {},
    ("/projects/1/classes/add", "name"): {},
    ("/projects/1/classes/add", "key"): {"name": "ajar"},
    ("/projects/1/members", "email"): {},
}


@pytest.mark.parametrize(("path", "field"), FIELDS, ids=lambda part: part)
def test_a1_any_text_in_any_field_is_refused_or_kept_and_shown_inert(
    database: Database, sign_in: SignIn, path: str, field: str
):
    admin = sign_in("admin")
    add_project(database, "first", (admin.user_id,))
    for nasty, text in NASTY.items():
        answer = admin.post(path, data=FIELDS[path, field] | {field: text})
        assert answer.status_code in {200, 303, 400, 401, 404, 409, 413, 422}, nasty
        pages = [admin.get(page) for page in ("/", "/projects/1", "/projects/1/settings", "/users")]
        assert [page.status_code for page in pages] == [200] * 4, nasty
        for page in [answer, *pages]:
            assert not parsed(page).find_all("script", src=False), nasty
            assert "Traceback" not in page.text


IMPOSSIBLE = ["0", "-1", str(2**31), str(2**63), "9" * 30, "abc", "%00", "999"]


@pytest.mark.parametrize(
    "address",
    ["/projects/{}", "/projects/{}/standing", "/projects/{}/settings", "/projects/1/images/{}.png"],
)
def test_a2_an_impossible_id_is_as_absent_as_an_unknown_one(database: Database, sign_in: SignIn, address: str):
    admin = sign_in("admin")
    add_project(database)
    assert {admin.get(address.format(number)).status_code for number in IMPOSSIBLE} == {404}


@pytest.mark.parametrize(
    "address",
    ["/users/{}/disable", "/users/{}/password-link", "/users/invitations/{}/withdraw", "/account/sessions/{}/end",
     "/projects/1/members/{}/remove", "/projects/1/invitations/{}/withdraw"],
)  # fmt: skip
def test_a2_nor_can_it_be_changed(database: Database, sign_in: SignIn, address: str):
    admin = sign_in("admin")
    add_project(database)
    assert {admin.post(address.format(number)).status_code for number in IMPOSSIBLE} == {404}


EXTRA = {
    "/account/password": {"current": PASSWORD, "password": "another sentence", "role": "admin"},
    "/users/invitations": {"role": "annotator", "user_id": "1"},
    "/projects": {"name": "p", "classes": "a, b", "created_by_id": "1"},
    "/projects/1/settings": {"name": "p", "positive_id": "1", "recipe": "other"},
    "/projects/1/classes/add": {"name": "ajar", "archived_at": "now"},
    "/projects/1/members": {"email": "ann@lab", "role": "admin"},
}


@pytest.mark.parametrize("path", EXTRA)
def test_a3_fields_that_a_form_does_not_have_are_refused(
    database: Database, sign_in: SignIn, ann: User, path: str
):
    admin = sign_in("admin")
    add_project(database, "first", (admin.user_id,))
    assert admin.post(path, data=EXTRA[path]).status_code == 422
    with database.read() as session:
        assert session.scalars(select(Project.name)).all() == ["first"]
        assert session.get_one(User, ann.id).role == "annotator"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"name": "p", "classes": "a, b"}', "application/json", 415),
        (b'{"name": "p", "classes": "a, b"}', "text/plain", 415),
        (b"name=p&classes=a,b", "text/plain", 415),
        (b"name=p&name=q&classes=a,b", "application/x-www-form-urlencoded", 422),
        (b"name=p&classes=a,b&" + b"x=1&" * 300, "application/x-www-form-urlencoded", 400),
        (b"--b\r\nbroken", "multipart/form-data; boundary=b", 422),
        (b"x", "multipart/form-data", 400),
    ],
)
def test_a9_what_is_no_form_is_refused(database: Database, sign_in: SignIn, body: bytes, kind: str, status: int):
    answer = sign_in("engineer").post("/projects", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    with database.read() as session:
        assert session.scalars(select(Project)).all() == []


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-out", "/projects/1", "/projects/1/settings", "/users"])
def test_a10_methods_that_a_page_does_not_know_do_nothing(database: Database, sign_in: SignIn, path: str):
    admin = sign_in("admin")
    add_project(database)
    for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "BREW"):
        assert admin.request(method, path).status_code == 405, method
    assert admin.get("/projects/1").status_code == 200


@pytest.mark.parametrize("name", ["../../x", 'a"b;c', "ä/ö", "name; filename=evil.exe"])
def test_a13_a_projects_name_cannot_break_the_download_name(database: Database, sign_in: SignIn, name: str):
    project = add_project(database, name)
    disposition = sign_in("admin").get(f"/projects/{project.id}/export/labels.csv").headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert disposition.isascii()
    file = disposition.split('filename="')[1].split('"')[0]
    assert not set(file) & set('/\\";')


def test_a13_a_line_break_in_a_name_is_refused(sign_in: SignIn):
    form = {"name": "a\r\nSet-Cookie: x=1", "classes": "a, b"}
    assert sign_in("engineer").post("/projects", data=form).status_code == 422


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
