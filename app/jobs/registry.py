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


@dataclass(frozen=True)
class JobKind:
    name: str
    title: str
    """For people: `Train the labelers`."""
    prepare: Prepare
    """Freezes the inputs: writes `manifest.json` into the run folder, last of all. Not called again once that is
    there. An AppError fails the job with that sentence, without another try."""
    publish: Publish | None = None
    """Puts the run's results into tables. Runs in one transaction, which commits at most once for a job."""
    put_in: PutIn | None = None
    """In its place where that would keep others waiting: puts in, in short transactions, what nobody sees before
    the returned names it, in the last one. Whatever an attempt that died has put in, it must find and replace."""
    command: Command | None = None
    """The child process, given the run folder; default: `python -m ml <name> RUN_DIR --die-with-parent`."""

    def named_by(self, write: Write, settings: Settings, run: Path) -> Name:
        """Return what is left to do in the transaction that ends the job."""
        if self.put_in:
            return self.put_in(write, settings, run)
        publish = self.publish
        return lambda session, job: publish and publish(session, settings, job, run)

    def child(self, run: Path) -> list[str]:
        return list((self.command or ml_command(self.name))(run))


_kinds: dict[str, JobKind] = {}


def register(kind: JobKind) -> JobKind:
    _kinds[kind.name] = kind
    return kind


def find_kind(name: str) -> JobKind | None:
    return _kinds.get(name)
