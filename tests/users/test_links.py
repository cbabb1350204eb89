from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from app.config import Settings
from app.db import Database
from app.errors import BadInputError, ConflictError, NotFoundError
from app.models import ProjectMember, Role, SignInLink, User, UserSession, now
from app.security import token_hash
from app.users.service import create_user, invite, make_terminal_link, use_link
from tests.conftest import SignIn
from tests.web import (
    PASSWORD,
    SAME_SITE,
    add_person,
    add_project,
    browser,
    errors_of,
    served,
    sign_in_with_password,
)

ACCOUNT = {"email": "Ada@Lab", "password": PASSWORD}


def terminal_link(database: Database, settings: Settings) -> str:
    with database.write() as session:
        return make_terminal_link(session, settings)


def people(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {user.email: user.role for user in session.scalars(select(User))}


def test_the_first_start_makes_the_admin(app: FastAPI, database: Database, settings: Settings):
    client, link = browser(app), terminal_link(database, settings)
    assert "Make its admin account" in client.get(link).text
    assert client.post(link, data=ACCOUNT).headers["Location"] == "/"
    assert client.get("/users").status_code == 200
    assert people(database) == {"ada@lab": "admin"}


def test_looking_at_a_link_uses_nothing_up(app: FastAPI, database: Database, settings: Settings):
    link = terminal_link(database, settings)
    for _ in range(3):
        assert browser(app).get(link).status_code == 200
    assert people(database) == {}


def test_a_link_works_once(app: FastAPI, database: Database, settings: Settings):
    link = terminal_link(database, settings)
    browser(app).post(link, data=ACCOUNT)
    assert browser(app).get(link).status_code == 404
    again = browser(app).post(link, data=ACCOUNT | {"email": "eve@lab"})
    assert again.status_code == 404
    assert "This link has been used, or is too old." in again.text
    assert people(database) == {"ada@lab": "admin"}


def test_all_starts_together_make_one_admin(app: FastAPI, database: Database, settings: Settings):
    links = [terminal_link(database, settings) for _ in range(4)]

    def press(number: int) -> int:
        form = ACCOUNT | {"email": f"p{number}@lab"}
        return httpx.post(address + links[number], data=form, headers=SAME_SITE).status_code

    with served(app) as address, ThreadPoolExecutor(4) as crowd:
        statuses = sorted(crowd.map(press, range(4)))
    assert statuses == [303, 404, 404, 404]
    assert list(people(database).values()) == ["admin"]


def test_a_link_lasts_a_day(app: FastAPI, database: Database, settings: Settings):
    link = terminal_link(database, settings)
    with database.write() as session:
        lasts = session.scalars(select(SignInLink.expires_at)).one() - now()
        session.execute(update(SignInLink).values(expires_at=now()))
    assert 86_300 < lasts.total_seconds() <= 86_400
    assert browser(app).get(link).status_code == 404


def test_the_database_keeps_no_token(database: Database, settings: Settings):
    token = terminal_link(database, settings).removeprefix("/links/")
    with database.read() as session:
        row = session.scalars(select(SignInLink)).one()
        assert row.token_hash == token_hash(token)
        assert token not in repr(vars(row))


def test_later_starts_sign_the_first_admin_in(app: FastAPI, database: Database, settings: Settings):
    add_person(database, "ann@lab", "annotator")
    add_person(database, "boss@lab", "admin")
    add_person(database, "second@lab", "admin")
    client = browser(app)
    assert client.post(terminal_link(database, settings)).status_code == 303
    assert "boss@lab" in client.get("/account").text


def test_with_every_admin_disabled_the_terminal_says_what_to_do(database: Database, settings: Settings):
    boss = add_person(database, "boss@lab", "admin")
    with database.write() as session:
        session.execute(update(User).where(User.id == boss.id).values(disabled_at=now()))
        with pytest.raises(ConflictError, match="squint user add"):
            make_terminal_link(session, settings)


def test_a_short_password_is_said_beside_its_field_and_the_link_stays(
    app: FastAPI, database: Database, settings: Settings
):
    client, link = browser(app), terminal_link(database, settings)
    answer = client.post(link, data=ACCOUNT | {"password": "seven77"})
    assert answer.status_code == 422
    assert errors_of(answer) == ["Please use 8 characters or more."]
    assert "Ada@Lab" in answer.text
    assert "seven77" not in answer.text
    assert client.post(link, data=ACCOUNT).status_code == 303


def test_a_user_of_the_command_line_sets_a_password_once(app: FastAPI, database: Database):
    with database.write() as session:
        link = create_user(session, " Erin@Lab ", "engineer")
    client = browser(app)
    assert client.post(link, data={"password": PASSWORD}).status_code == 303
    assert client.get("/projects/new").status_code == 200
    assert sign_in_with_password(browser(app), "erin@lab").status_code == 303
    assert browser(app).post(link, data={"password": "another one"}).status_code == 404


@pytest.mark.parametrize(
    ("email", "role", "error"),
    [
        ("no address", "engineer", BadInputError),
        ("e@lab", "king", BadInputError),
        ("ann@lab", "admin", ConflictError),
    ],
)
def test_a_user_that_cannot_be_is_refused_in_a_sentence(
    database: Database, email: str, role: str, error: type[Exception]
):
    add_person(database, "ann@lab")
    with pytest.raises(error, match=email), database.write() as session:
        create_user(session, email, role)
    assert people(database) == {"ann@lab": "annotator"}


def test_a_new_password_ends_the_persons_sessions(app: FastAPI, database: Database, sign_in: SignIn):
    admin = sign_in("admin")
    erin = add_person(database, "erin@lab", "engineer")
    lost = browser(app)
    sign_in_with_password(lost, "erin@lab")
    page = admin.post(f"/users/{erin.id}/password-link").text
    link = page.split('value="http://testserver')[1].split('"')[0]
    browser(app).post(link, data={"password": "another sentence"})
    assert lost.get("/account").status_code == 303
    assert sign_in_with_password(browser(app), "erin@lab").status_code == 401
    assert sign_in_with_password(browser(app), "erin@lab", "another sentence").status_code == 303


def test_a_disabled_persons_link_is_dead(app: FastAPI, database: Database):
    with database.write() as session:
        link = create_user(session, "erin@lab", Role.ENGINEER)
        session.execute(update(User).values(disabled_at=now()))
    assert browser(app).post(link, data={"password": PASSWORD}).status_code == 404
    with database.read() as session:
        assert session.scalars(select(UserSession)).all() == []


def invitation(database: Database, project_id: int | None, role: Role = Role.ANNOTATOR) -> str:
    boss = add_person(database, f"boss{project_id}@lab", "admin")
    with database.write() as session:
        return invite(session, boss, role, project_id)


def test_an_invited_person_makes_an_account_and_lands_in_the_project(app: FastAPI, database: Database):
    other, project = add_project(database, "other"), add_project(database)
    client, link = browser(app), invitation(database, project.id)
    assert "eyes" in client.get(link).text
    answer = client.post(link, data=ACCOUNT)
    assert answer.headers["Location"] == f"/projects/{project.id}"
    assert client.get(f"/projects/{project.id}").status_code == 200
    assert client.get(f"/projects/{other.id}").status_code == 404
    assert people(database)["ada@lab"] == "annotator"


def test_an_invited_person_cannot_choose_the_role(app: FastAPI, database: Database):
    link = invitation(database, None)
    assert browser(app).post(link, data=ACCOUNT | {"role": "admin"}).status_code == 422
    assert "ada@lab" not in people(database)


def test_a_taken_address_is_said_and_the_invitation_stays(app: FastAPI, database: Database):
    add_person(database, "ada@lab", "engineer")
    client, link = browser(app), invitation(database, None)
    answer = client.post(link, data=ACCOUNT)
    assert answer.status_code == 422
    assert errors_of(answer) == ["There is already an account for ada@lab."]
    assert client.post(link, data=ACCOUNT | {"email": "ada2@lab"}).status_code == 303


def test_who_has_an_account_joins_with_it_and_keeps_the_role(app: FastAPI, database: Database):
    project, ann = add_project(database), add_person(database, "ann@lab", "annotator")
    client, link = browser(app), invitation(database, project.id, Role.ENGINEER)
    sign_in_with_password(client, "ann@lab")
    assert "Join" in client.get(link).text
    assert client.post(link).headers["Location"] == f"/projects/{project.id}"
    assert people(database)["ann@lab"] == "annotator"
    with database.read() as session:
        assert session.get(ProjectMember, (project.id, ann.id)) is not None


def test_two_who_press_at_once_cannot_both_use_a_link(database: Database):
    link = invitation(database, None).removeprefix("/links/")

    def press(_: int) -> bool:
        try:
            with database.write() as session:
                use_link(session, link)
        except NotFoundError:
            return False
        return True

    with ThreadPoolExecutor(8) as crowd:
        assert sorted(crowd.map(press, range(8))) == [False] * 7 + [True]
