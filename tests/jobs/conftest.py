"""A database, a supervised worker on it, and words to say what shall happen to a job."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
import pytest
from sqlalchemy import func, make_url, select

from app.config import REPOSITORY, Settings
from app.db import Database
from app.jobs import supervisor
from app.jobs.queue import JobStatus, log_path, run_folder, status_of, submit
from app.models import Job, JobMetric, Project, Worker
from ml.rundir import CHECKPOINTS
from tests.jobs.fake_kinds import PUBLISHED

KINDS = ["--kinds", "tests.jobs.fake_kinds"]
PATIENCE_S = 60.0
OVER = (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)


def eventually(what: Callable[[], object], within: float = PATIENCE_S) -> float:
    """Wait until `what` is true and return how long that took."""
    start = time.monotonic()
    while not what():
        assert time.monotonic() - start < within, f"not within {within} s"
        time.sleep(0.02)
    return time.monotonic() - start


@dataclass
class Shop:
    """A database with whatever workers a test runs on it."""

    settings: Settings
    database: Database

    def submit(self, kind: str = "fake", **plan: object) -> str:
        """Queue a job in a project of its own."""
        with self.database.write() as session:
            project = Project(name=uuid4().hex)
            session.add(project)
            session.flush()
            return submit(session, kind, project.id, plan, None).id

    def status(self, job_id: str) -> JobStatus:
        with self.database.read() as session:
            return status_of(session, [job_id])[job_id]

    def job(self, job_id: str) -> Job:
        with self.database.read() as session:
            return session.get_one(Job, job_id)

    def wait(self, job_id: str, *statuses: JobStatus, within: float = PATIENCE_S) -> float:
        wanted = statuses or OVER
        return eventually(lambda: self.status(job_id) in wanted, within)

    def finish(self, job_id: str, within: float = PATIENCE_S) -> JobStatus:
        self.wait(job_id, within=within)
        return self.status(job_id)

    def run(self, job_id: str) -> Path:
        return run_folder(self.settings, job_id)

    def log(self, job_id: str) -> str:
        return log_path(self.settings, job_id).read_text()

    def epochs(self, job_id: str) -> list[list[int]]:
        """Return `[epoch, pid]` of the epochs that are in the checkpoint."""
        with suppress(FileNotFoundError):
            return json.loads((self.run(job_id) / CHECKPOINTS / "fake.json").read_text())
        return []

    def child(self, job_id: str, other_than: int = 0, epochs: int = 0) -> int:
        """Wait for a child of the job that is not `other_than` and for so many epochs, and return its pid."""
        path = self.run(job_id) / "pid"
        eventually(lambda: path.exists() and int(path.read_text()) != other_than)
        eventually(lambda: len(self.epochs(job_id)) >= epochs)
        return int(path.read_text())

    def let_go(self, job_id: str) -> None:
        """Let a child that holds go on."""
        (self.run(job_id) / "go").touch()

    def published(self, job_id: str) -> int:
        with self.database.read() as session:
            query = select(func.count()).where(JobMetric.job_id == job_id, JobMetric.series == PUBLISHED)
            return session.scalar(query) or 0

    def workers(self) -> list[Worker]:
        with self.database.read() as session:
            return list(session.scalars(select(Worker)))

    def worker_pid(self) -> int:
        eventually(self.workers)
        return self.workers()[0].pid

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run one more worker, which nobody starts again."""
        process = start_worker(self.settings)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            process.kill()
            process.wait()


def start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.jobs.worker", "--supervised", *KINDS],
        stdin=subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert process.stdin
    process.stdin.write(settings.model_dump_json().encode() + b"\n")
    process.stdin.flush()
    return process


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def empty_shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop for a whole module, without a worker."""
    folder = tmp_path_factory.mktemp("shop")
    with _database_url(request, folder) as url:
        chosen = {"worker_dead_after_s": 2.0, **getattr(request.module, "SETTINGS", {})}
        settings = Settings(data_dir=folder / "data", database_url=url, _env_file=None, **chosen)
        database = Database(url)
        yield Shop(settings, database)
        database.close()


@pytest.fixture(scope="module")
def shop(empty_shop: Shop) -> Iterator[Shop]:
    """A shop whose one worker is supervised, as under `squint serve`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor, "LONGEST_WAIT_S", 0.2)
        boss = supervisor.Supervisor(empty_shop.settings, KINDS)
        boss.start()
        yield empty_shop
        boss.stop()


@contextmanager
def _database_url(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "squint.db")
        yield f"sqlite:///{folder / 'squint.db'}"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"shop_{uuid4().hex[:12]}"
    plain = server.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{request.getfixturevalue("postgres_template")}"')
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
