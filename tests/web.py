"""Browsers and people for tests that speak HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import httpx
import pytest
import uvicorn
from bs4 import BeautifulSoup
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.db import Database
from app.models import Project, ProjectMember, User
from app.projects.service import create_project
from app.users.passwords import hash_password

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database does otherwise than the other: PostgreSQL takes a second to set up."""

PASSWORD = "a sentence to keep in mind"


@cache
def password_hash() -> str:
    return hash_password(PASSWORD)


def browser(app: FastAPI, address: str = "192.0.2.7") -> TestClient:
    """A browser nobody has signed in with."""
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False, client=(address, 50_000))
    client.headers.update({"Sec-Fetch-Site": "same-origin", "Accept": "text/html"})
    return client


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve the app on a port, for requests that truly come at the same moment; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


SAME_SITE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Host": "testserver"}


def add_person(database: Database, email: str, role: str = "annotator", *, password: bool = True) -> User:
    with database.write() as session:
        user = User(email=email, role=role, password_hash=password_hash() if password else None)
        session.add(user)
    return user


def add_project(database: Database, name: str = "eyes", members: tuple[int, ...] = ()) -> Project:
    with database.write() as session:
        project = create_project(session, user=None, name=name, classes=["closed", "open"])
        session.add_all(ProjectMember(project_id=project.id, user_id=user_id) for user_id in members)
    return project


def sign_in_with_password(client: TestClient, email: str, password: str = PASSWORD, **fields: str):
    return client.post("/sign-in", data={"email": email, "password": password, **fields})


def parsed(response: httpx.Response) -> BeautifulSoup:
    return BeautifulSoup(response.text, "html.parser")


def errors_of(response: httpx.Response) -> list[str]:
    return [error.get_text(strip=True) for error in parsed(response).select(".error")]
