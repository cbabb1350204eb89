"""Runs a job's child process in a session of its own, and sees to it that it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.config import REPOSITORY
from app.jobs.attempts import NO_ANSWER, JobFailedError, patiently
from app.jobs.hearing import Hearing
from app.jobs.runlock import note_holder, take_lock
from ml.events import MetricPoint, Progress
from ml.rundir import LOG

NICENESS = 10
"""How much nicer than us the child is: the web stays quick while a model trains on the same cores."""
TICK_S = 0.2
NEWS_EVERY_S = 0.5
GRACE_S = 0.8
"""Between SIGTERM and SIGKILL."""

Heard = Callable[[Progress | None, Sequence[MetricPoint]], None]
Process = subprocess.Popen[bytes]

SIGNALS: dict[int, str] = {
    signal.SIGKILL: "was killed, most likely because the machine ran out of memory",
    signal.SIGSEGV: "crashed (segmentation fault)",
    signal.SIGABRT: "crashed (abort)",
    signal.SIGBUS: "crashed (bus error; the disk or the shared memory may be full)",
    signal.SIGTERM: "was stopped from outside",
}
running: set[Process] = set()


@dataclass(frozen=True)
class Ending:
    sentence: str
    """Why it failed, for people."""
    is_crash: bool
    """A signal ended it, so that another attempt may do better."""


def run_child(
    command: Sequence[str], run: Path, *, heard: Heard, check: Callable[[], None], limit_s: float
) -> Ending | None:
    """Run `command` to its end; return None when it exits with 0.

    `heard` gets the newest progress and all new points, at most twice a second; `check` is called five times a
    second. When one of them raises, or after `limit_s` (JobFailedError), the child and all that it started are
    dead within `GRACE_S`. What it prints besides events goes to the run's log.
    """
    with (run / LOG).open("ab", buffering=0) as log:
        process = _spawn(command, run, log)
        try:
            hearing = Hearing(_pipe(process.stdout), log)
            _watch(process, hearing, heard, check, limit_s)
            last = hearing.take()
            patiently(lambda: heard(*last))
            return _ending(process.returncode, hearing.failure)
        finally:
            _end(process)


def kill_all() -> None:
    """End all children at once, before this process ends itself."""
    for process in list(running):
        _signal(process, signal.SIGKILL)


def _spawn(command: Sequence[str], run: Path, log: IO[bytes]) -> Process:
    with take_lock(run) as lock:
        process = subprocess.Popen(  # noqa: S603  the command is ours
            command,
            stdin=subprocess.PIPE,  # Its end tells the child that this process is gone.
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=REPOSITORY,
            start_new_session=True,
            pass_fds=(lock.fileno(),),
        )
        running.add(process)
        note_holder(lock, process.pid)
    with suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PGRP, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    return process


def _watch(process: Process, hearing: Hearing, heard: Heard, check: Callable[[], None], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    next_news = 0.0
    while process.poll() is None:
        if hearing.ended.wait(TICK_S):
            with suppress(subprocess.TimeoutExpired):
                process.wait(TICK_S)
        check()
        if time.monotonic() > deadline:
            raise JobFailedError(f"The job took longer than its time limit of {limit_s:g} seconds.")
        if time.monotonic() >= next_news:
            _pass_on(hearing, heard)
            next_news = time.monotonic() + NEWS_EVERY_S
    hearing.ended.wait(GRACE_S)


def _pass_on(hearing: Hearing, heard: Heard) -> None:
    progress, points = hearing.take()
    if progress is None and not points:
        return
    try:
        heard(progress, points)
    except NO_ANSWER:
        hearing.give_back(progress, points)


def _end(process: Process) -> None:
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
    _signal(process, signal.SIGKILL)
    process.wait()
    running.discard(process)
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            _pipe(pipe).close()


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _ending(returncode: int, failure: str | None) -> Ending | None:
    number = -returncode if returncode < 0 else returncode - 128
    if failure:
        return Ending(failure, is_crash=False)
    if returncode == 0:
        return None
    if number > 0:
        return Ending(
            f"The training process {SIGNALS.get(number, f'was ended by signal {number}')}.", is_crash=True
        )
    return Ending(
        f"The training process stopped unexpectedly (exit code {returncode}); the log says more.", is_crash=False
    )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101  all of ours are pipes
    return pipe
