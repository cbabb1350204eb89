from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.db import Database
from app.models import Role, SignInLink, User
from tests.conftest import SignIn
from tests.web import (
    PASSWORD,
    SAME_SITE,
    add_person,
    add_project,
    browser,
    errors_of,
    parsed,
    served,
    sign_in_with_password,
)


@pytest.fixture
def admin(sign_in: SignIn) -> TestClient:
    return sign_in("admin", "boss@lab")


def role_of(database: Database, user_id: int) -> str:
    with database.read() as session:
        return session.get_one(User, user_id).role


def shown_link(answer: httpx.Response) -> str:
    return parsed(answer).select_one("#link")["value"].removeprefix("http://testserver")


def test_a_change_of_role_counts_from_the_next_request(app: FastAPI, database: Database, admin: TestClient):
    ann = add_person(database, "ann@lab")
    client = browser(app)
    sign_in_with_password(client, "ann@lab")
    assert client.get("/projects/new").status_code == 403
    assert admin.post(f"/users/{ann.id}/role", data={"role": "engineer"}).status_code == 303
    assert client.get("/projects/new").status_code == 200
    admin.post(f"/users/{ann.id}/role", data={"role": "annotator"})
    assert client.get("/projects/new").status_code == 403


def test_a_disabled_person_is_out_at_once_and_may_come_back(app: FastAPI, database: Database, admin: TestClient):
    ann = add_person(database, "ann@lab")
    client = browser(app)
    sign_in_with_password(client, "ann@lab")
    admin.post(f"/users/{ann.id}/disable")
    assert client.get("/account").status_code == 303
    admin.post(f"/users/{ann.id}/enable")
    assert client.get("/account").status_code == 303, "the old session stays ended"
    assert sign_in_with_password(client, "ann@lab").status_code == 303


@pytest.mark.parametrize(("action", "form"), [("role", {"role": "engineer"}), ("disable", {})])
def test_the_last_admin_stays(database: Database, admin: TestClient, action: str, form: dict[str, str]):
    add_person(database, "erin@lab", "engineer")
    answer = admin.post(f"/users/{admin.user_id}/{action}", data=form)
    assert answer.status_code == 409
    assert "boss@lab is the last admin" in answer.text
    assert role_of(database, admin.user_id) == Role.ADMIN
    assert admin.get("/users").status_code == 200


def test_a_disabled_admin_does_not_count_as_one(database: Database, admin: TestClient):
    second = add_person(database, "second@lab", "admin")
    assert admin.post(f"/users/{second.id}/disable").status_code == 303
    assert admin.post(f"/users/{admin.user_id}/disable").status_code == 409


def test_two_admins_who_remove_each_other_at_once_leave_one(app: FastAPI, database: Database, sign_in: SignIn):
    pair = [sign_in("admin"), sign_in("admin")]

    def remove(number: int) -> int:
        cookies = dict(pair[number].cookies)
        path = f"/users/{pair[1 - number].user_id}/disable"
        return httpx.post(address + path, cookies=cookies, headers=SAME_SITE).status_code

    with served(app) as address, ThreadPoolExecutor(2) as both:
        assert sorted(both.map(remove, range(2))) in ([303, 401], [303, 409])
    with database.read() as session:
        left = session.scalars(select(User).where(User.role == Role.ADMIN, User.disabled_at.is_(None))).all()
    assert len(left) == 1


def test_the_admin_invites_with_a_role_and_a_project(app: FastAPI, database: Database, admin: TestClient):
    project = add_project(database)
    answer = admin.post("/users/invitations", data={"role": "engineer", "project_id": str(project.id)})
    client = browser(app)
    client.post(shown_link(answer), data={"email": "erin@lab", "password": PASSWORD})
    assert client.get(f"/projects/{project.id}/settings").status_code == 200


def test_an_invitation_is_shown_once_and_can_be_withdrawn(app: FastAPI, database: Database, admin: TestClient):
    link = shown_link(admin.post("/users/invitations", data={"role": "annotator"}))
    page = admin.get("/users").text
    assert "Open invitations" in page
    assert link not in page
    with database.read() as session:
        link_id = session.scalars(select(SignInLink.id)).one()
    assert admin.post(f"/users/invitations/{link_id}/withdraw").status_code == 303
    assert browser(app).get(link).status_code == 404
    assert "Open invitations" not in admin.get("/users").text


def test_the_links_address_is_the_public_one(app: FastAPI, admin: TestClient):
    app.state.settings.public_url = "https://squint.lab/"
    admin.cookies.set("__Host-squint_session", admin.cookies["squint_session"])
    answer = admin.post("/users/invitations", data={"role": "annotator"}, headers={"Host": "testserver"})
    assert parsed(answer).select_one("#link")["value"].startswith("https://squint.lab/links/")


@pytest.mark.parametrize(
    "form", [{"role": "king"}, {"role": "annotator", "project_id": "999"}, {"role": "admin", "user_id": "1"}]
)
def test_an_invitation_that_cannot_be_makes_no_link(database: Database, admin: TestClient, form: dict[str, str]):
    assert admin.post("/users/invitations", data=form).status_code in {404, 422}
    with database.read() as session:
        assert session.scalars(select(SignInLink)).all() == []


def test_engineers_invite_annotators_to_their_own_projects_only(
    app: FastAPI, database: Database, sign_in: SignIn
):
    erin = sign_in("engineer")
    own, foreign = add_project(database, "own", (erin.user_id,)), add_project(database, "foreign")
    assert erin.post(f"/projects/{foreign.id}/invitations").status_code == 404
    link = shown_link(erin.post(f"/projects/{own.id}/invitations"))
    client = browser(app)
    client.post(link, data={"email": "ann@lab", "password": PASSWORD})
    assert client.get(f"/projects/{own.id}").status_code == 200
    assert client.get(f"/projects/{own.id}/settings").status_code == 403
    assert erin.post("/users/invitations", data={"role": "annotator"}).status_code == 403


def test_engineers_withdraw_only_invitations_to_their_own_projects(
    database: Database, sign_in: SignIn, admin: TestClient
):
    erin = sign_in("engineer")
    own, foreign = add_project(database, "own", (erin.user_id,)), add_project(database, "foreign")
    admin.post("/users/invitations", data={"role": "annotator", "project_id": str(foreign.id)})
    with database.read() as session:
        link_id = session.scalars(select(SignInLink.id)).one()
    assert erin.post(f"/projects/{own.id}/invitations/{link_id}/withdraw").status_code == 404
    assert erin.post(f"/projects/{foreign.id}/invitations/{link_id}/withdraw").status_code == 404
    assert admin.post(f"/projects/{foreign.id}/invitations/{link_id}/withdraw").status_code == 303


def test_refusals_come_as_a_toast_where_htmx_asks(admin: TestClient):
    answer = admin.post(f"/users/{admin.user_id}/disable", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#toasts")
    assert errors_of(answer) == []
