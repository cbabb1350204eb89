"""The faults of forms (A) that any page can meet; each test is named by its id."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.db import Database
from app.models import Project, User
from tests.conftest import SignIn
from tests.web import (
    PASSWORD,
    add_project,
    on_sqlite,
    parsed,
)

pytestmark = on_sqlite


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
    ("/projects/1/export/tokens", "name"): {},
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
    "/projects/1/export/tokens": {"name": "camera", "project_id": "2"},
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
