"""A real server on a real socket, with a watch on how long its event loop is ever blocked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import func, select

from app.config import Settings
from app.db import Database
from app.images.limits import Limits
from app.models import Base, Image, ImportBatch, Role
from app.security import COOKIE, open_session
from tests import factories

HANGS_S, BLOCKED_S = 20.0, 2.0
"""Only a hang or a blocked event loop takes so long, on the busiest machine; figures are for benchmarks."""


@dataclass
class Live:
    """A running server, an engineer's client, and a project that others' images lie beside."""

    app: FastAPI
    settings: Settings
    database: Database
    port: int
    project: int
    token: str
    noise: int
    client: httpx.Client
    blocked: list[float] = field(default_factory=list)

    def limit(self, **limits: Any) -> None:
        self.app.state.limits = Limits(disk_floor_bytes=0, **limits)

    def upload(self, *files: tuple[str, bytes], html: bool = False, **fields: str) -> httpx.Response:
        parts = [("files", (name, data, "application/octet-stream")) for name, data in files]
        accept = {"Accept": "text/html"} if html else {}
        return self.client.post(self.address, files=parts, data=fields, headers=accept)

    @property
    def address(self) -> str:
        return f"/projects/{self.project}/images"

    def images(self) -> list[Image]:
        with self.database.read() as session:
            query = select(Image).where(Image.project_id == self.project).order_by(Image.id)
            return list(session.scalars(query))

    def imports(self) -> list[ImportBatch]:
        with self.database.read() as session:
            query = select(ImportBatch).where(ImportBatch.project_id == self.project)
            return list(session.scalars(query.order_by(ImportBatch.id)))

    def state(self) -> dict[str, int]:
        """Rows of every table, and files on disk: what a refusal must not change."""
        with self.database.read() as session:
            rows = {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
            }
        files = [path for path in self.settings.data_dir.rglob("*") if path.is_file()]
        return {**rows, "files": len([path for path in files if "squint.db" not in path.name])}

    def wait_until_clean(self) -> None:
        """Wait until no upload is left on disk."""
        deadline = time.monotonic() + 30
        while list(self.settings.uploads_dir.glob("*")):
            assert time.monotonic() < deadline, "an upload was left on the disk"
            time.sleep(0.02)


async def _watch(blocked: list[float]) -> None:
    """Note how long the loop worked without a break; its own time, so that a busy machine does not count."""
    while True:
        began = time.thread_time()
        await asyncio.sleep(0.01)
        blocked.append(time.thread_time() - began)


def _serve(app: FastAPI, blocked: list[float]) -> tuple[uvicorn.Server, threading.Thread]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))

    async def run() -> None:
        watch = asyncio.create_task(_watch(blocked))
        await server.serve()
        watch.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    return server, thread


@pytest.fixture
def live(app: FastAPI, settings: Settings, database: Database) -> Iterator[Live]:
    with database.write() as session:
        noise = factories.add_project(session, "Noise")
        factories.add_images(session, noise, 3)
        user = factories.add_user(session, Role.ENGINEER)
        project = factories.add_project(session, "Eyes", members=[user.id])
        token = open_session(session, user, days=1)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app.state.limits = Limits(disk_floor_bytes=0)
    blocked: list[float] = []
    server, thread = _serve(app, blocked)
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {
        "Host": "testserver", "Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-origin",
        "Accept": "application/json",
    }  # fmt: skip
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
        yield Live(app, settings, database, port, project.id, token, noise.id, client, blocked)
    server.should_exit = True
    thread.join(10)


sqlite_only: Callable[..., Any] = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For refusals that never reach the database."""
