"""The kinds of jobs there are. The worker fills this; the web process never does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.models import Job

Prepare = Callable[[Database, Settings, Job, Path], None]
Publish = Callable[[Session, Settings, Job, Path], None]
Name = Callable[[Session, Job], None]
"""Lets everybody see what was put in."""
Result = TypeVar("Result")


class Write(Protocol):
    """Runs something in a transaction of its own, as long as the job is this worker's."""

    def __call__(self, put: Callable[[Session, Job], Result]) -> Result: ...


PutIn = Callable[[Write, Settings, Path], Name]
Command = Callable[[Path], Sequence[str]]


def ml_command(kind: str) -> Command:
    """Return the child of a kind: the training program, which ends when its standard input does."""
    return lambda run: [sys.executable, "-m", "ml", kind, str(run), "--die-with-parent"]


def at_once(publish: Publish) -> PutIn:
    """Return what leaves all of it to the transaction that ends the job."""
    return lambda _write, settings, run: lambda session, job: publish(session, settings, job, run)


@dataclass(frozen=True)
class JobKind:
    name: str
    title: str
    """For people: `Train the labelers`."""
    prepare: Prepare
    """Freezes the inputs: writes `manifest.json` into the run folder, last of all. Not called again once that is
    there. An AppError fails the job with that sentence, without another try."""
    put_in: PutIn
    """Puts the run's results into tables, in short transactions, where nobody sees them before the returned names
    them in the last one, which commits at most once for a job. Whatever an attempt that died has put in, it must
    find and replace. What keeps nobody waiting is put in `at_once`."""
    command: Command | None = None
    """The child process, given the run folder; default: `python -m ml <name> RUN_DIR --die-with-parent`."""

    def child(self, run: Path) -> list[str]:
        return list((self.command or ml_command(self.name))(run))


_kinds: dict[str, JobKind] = {}


def register(kind: JobKind) -> JobKind:
    _kinds[kind.name] = kind
    return kind


def find_kind(name: str) -> JobKind | None:
    return _kinds.get(name)
