"""Ann, and Ann signed in."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.db import Database
from app.models import User
from tests.web import (
    add_person,
    browser,
    sign_in_with_password,
)


@pytest.fixture
def ann(database: Database) -> User:
    return add_person(database, "ann@lab")


@pytest.fixture
def signed_in(app: FastAPI, ann: User) -> TestClient:
    client = browser(app)
    assert sign_in_with_password(client, "ann@lab").status_code == 303
    return client
