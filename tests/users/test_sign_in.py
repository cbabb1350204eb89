from __future__ import annotations

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from app.db import Database
from app.models import SignInAttempt, User, UserSession, now
from app.security import COOKIE
from app.users.limits import WINDOW
from tests.web import PASSWORD, add_person, browser, sign_in_with_password


@pytest.fixture
def ann(database: Database) -> User:
    add_person(database, "stranger@lab", "admin")
    return add_person(database, "ann@lab")


def attempts(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(SignInAttempt.id)).all())


def test_the_right_password_opens_a_session_and_leads_where_one_wanted_to_go(app: FastAPI, ann: User):
    client = browser(app)
    answer = sign_in_with_password(client, "ann@lab", next="/account")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert client.get("/account").status_code == 200


def test_letter_case_of_the_address_does_not_matter(app: FastAPI, ann: User):
    assert sign_in_with_password(browser(app), " Ann@LAB ").status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@lab", "wrong"),
        ("ann@lab", f" {PASSWORD}"),
        ("nobody@lab", PASSWORD),
        ("", ""),
        ("ann@lab", "x" * 300),
    ],
)
def test_a_wrong_pair_gets_one_answer_whichever_half_is_wrong(app: FastAPI, ann: User, email: str, password: str):
    client = browser(app)
    answer = sign_in_with_password(client, email, password)
    assert answer.status_code == 401
    assert "The e-mail address or the password is wrong." in answer.text
    assert COOKIE not in client.cookies


def test_a_disabled_person_does_not_get_in(app: FastAPI, database: Database, ann: User):
    with database.write() as session:
        session.execute(update(User).where(User.id == ann.id).values(disabled_at=now()))
    assert sign_in_with_password(browser(app), "ann@lab").status_code == 401


def test_a_right_password_forgets_the_failed_tries_of_the_account(app: FastAPI, database: Database, ann: User):
    client = browser(app)
    for _ in range(9):
        sign_in_with_password(client, "ann@lab", "wrong")
    assert sign_in_with_password(client, "ann@lab").status_code == 303
    for _ in range(9):
        assert sign_in_with_password(client, "ann@lab", "wrong").status_code == 401


def test_tries_of_one_account_lock_no_other(app: FastAPI, ann: User):
    for _ in range(11):
        last = sign_in_with_password(browser(app), "ann@lab", "wrong")
    assert last.status_code == 429
    assert sign_in_with_password(browser(app), "stranger@lab").status_code == 303


def test_an_address_has_thirty_tries_over_all_accounts(app: FastAPI, ann: User):
    for number in range(30):
        assert sign_in_with_password(browser(app), f"guess{number}@lab").status_code == 401
    assert sign_in_with_password(browser(app), "guess30@lab").status_code == 429
    elsewhere = browser(app, address="198.51.100.9")
    assert sign_in_with_password(elsewhere, "guess30@lab").status_code == 401


def test_tries_count_for_fifteen_minutes(app: FastAPI, database: Database, ann: User):
    for _ in range(10):
        sign_in_with_password(browser(app), "ann@lab", "wrong")
    assert sign_in_with_password(browser(app), "ann@lab").status_code == 429
    with database.write() as session:
        session.execute(update(SignInAttempt).values(created_at=now() - WINDOW))
    assert sign_in_with_password(browser(app), "ann@lab").status_code == 303
    assert attempts(database) == 0


def test_signing_out_ends_the_session_itself(app: FastAPI, database: Database, ann: User):
    client = browser(app)
    sign_in_with_password(client, "ann@lab")
    token = client.cookies[COOKIE]
    assert client.post("/sign-out").headers["Location"] == "/sign-in"
    client.cookies.set(COOKIE, token)
    assert client.get("/account").headers["Location"] == "/sign-in?next=/account"
    with database.read() as session:
        assert session.scalars(select(UserSession.revoked_at)).one() is not None


def test_who_is_signed_in_need_not_sign_in(app: FastAPI, ann: User):
    client = browser(app)
    sign_in_with_password(client, "ann@lab")
    assert client.get("/sign-in?next=/account").headers["Location"] == "/account"


def test_an_expired_session_is_over(app: FastAPI, database: Database, ann: User):
    client = browser(app)
    sign_in_with_password(client, "ann@lab")
    with database.write() as session:
        session.execute(update(UserSession).values(expires_at=now()))
    assert client.get("/account").status_code == 303


def test_a_fragment_that_finds_nobody_signed_in_leads_back_to_the_page_around_it(app: FastAPI):
    asks = {"HX-Request": "true", "HX-Current-URL": "http://testserver/projects/1"}
    answer = browser(app).get("/projects/1/standing", headers=asks)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in?next=/projects/1")
