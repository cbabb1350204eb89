"""Who counts as a living worker."""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import timedelta

import pytest

from app.db import Database
from app.jobs.presence import Presence, list_live_workers
from app.models import Worker
from app.models.base import now

HERE = socket.gethostname()


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def add(database: Database, name: str, host: str, pid: int, silent_s: float = 0) -> None:
    with database.write() as session:
        session.add(Worker(id=name, host=host, pid=pid, beat_at=now() - timedelta(seconds=silent_s)))


def live(database: Database) -> set[str]:
    with database.read() as session:
        return {worker.id for worker in list_live_workers(session, dead_after_s=30)}


def test_a_worker_lives_while_its_heart_beats_and_its_process_is_there(database: Database, dead_pid: int):
    add(database, "here", HERE, os.getpid())
    add(database, "elsewhere", "other", 1)
    add(database, "silent", "other", 1, silent_s=40)
    add(database, "killed", HERE, dead_pid)
    assert live(database) == {"here", "elsewhere"}


def test_the_dead_are_removed_by_the_first_who_looks(database: Database, dead_pid: int):
    add(database, "elsewhere", "other", 1)
    add(database, "silent", "other", 1, silent_s=40)
    add(database, "killed", HERE, dead_pid)
    add(database, "predecessor", HERE, os.getpid())
    me = Presence(database)
    me.join()
    assert me.bury_the_dead(30) == []
    with database.read() as session:
        assert {worker.id for worker in session.query(Worker)} == {"elsewhere", me.id}


def test_a_worker_learns_that_it_was_given_up(database: Database):
    me, other = Presence(database), Presence(database)
    me.join()
    assert me.beat()
    other.bury_the_dead(dead_after_s=-1)
    assert not me.beat()


def test_a_worker_that_leaves_is_gone_at_once(database: Database):
    me = Presence(database)
    me.join()
    me.leave()
    assert live(database) == set()
