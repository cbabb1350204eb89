"""Waiting for a job from a shell, with a worker of our own where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from app.cli.bars import bar
from app.errors import AppError

if TYPE_CHECKING:
    from app.cli.shell import Shell
    from app.jobs.queue import JobStatus
    from app.models import Job

LOOK_EVERY_S = 0.3
AGAIN_WITHIN_S = 3
OTHERS = (
    "The job goes on without this command: `squint status PROJECT` tells how far it is, "
    "`squint cancel PROJECT` ends it."
)
OURS = (
    "No other worker runs, so the job rests when this command ends and goes on from its last checkpoint with the "
    "next one, `squint serve` or `squint worker`; `squint cancel PROJECT` ends it."
)
AGAIN = f"Ctrl-C again within {AGAIN_WITHIN_S} s cancels it now."


def wait_for(shell: Shell, job_id: str) -> None:
    """Return when the job is done; raise AppError with the reason when it failed or was cancelled."""
    with somebody_works(shell) as ours:
        try:
            job, status = _watch(shell, job_id)
        except KeyboardInterrupt:
            _stop_waiting(shell, job_id, ours=ours)
    if status != "done":
        raise AppError(job.error or f"The job ended: {status}.")


@contextmanager
def somebody_works(shell: Shell) -> Iterator[bool]:
    """Yield whether a worker was started for as long as the block runs, because none was alive."""
    from app.jobs.presence import list_live_workers  # noqa: PLC0415  `squint --help` needs none of it
    from app.jobs.supervisor import Supervisor  # noqa: PLC0415

    with shell.database.read() as session:
        alive = list_live_workers(session, shell.settings.worker_dead_after_s)
    if alive:
        yield False
        return
    supervisor = Supervisor(shell.settings)
    supervisor.start()
    try:
        yield True
    finally:
        supervisor.stop()


def _watch(shell: Shell, job_id: str) -> tuple[Job, JobStatus]:
    from app.jobs.queue import JobStatus, progress, status_of  # noqa: PLC0415
    from app.models import Job  # noqa: PLC0415
    from app.runs.queries import find_ahead  # noqa: PLC0415

    with bar("images") as show:
        while True:
            with shell.database.read() as session:
                job, status = session.get_one(Job, job_id), status_of(session, [job_id])[job_id]
                ahead = find_ahead(session, job_id) if status == JobStatus.WAITING else None
            if status.is_over:
                return job, status
            if ahead:
                show(f"Waits behind: {ahead}", ahead.done, ahead.total)
            elif said := progress(job):
                epoch = f", epoch {said.epoch} of {said.epochs}" if said.epoch and said.epochs else ""
                show(f"{said.stage}{epoch}", said.done, said.total)
            time.sleep(LOOK_EVERY_S)


def _stop_waiting(shell: Shell, job_id: str, *, ours: bool) -> NoReturn:
    """Say what becomes of the job; a second Ctrl-C soon after the first cancels it."""
    from app.jobs.queue import cancel  # noqa: PLC0415

    print(f"{OURS if ours else OTHERS} {AGAIN}", file=sys.stderr, flush=True)
    try:
        time.sleep(AGAIN_WITHIN_S)
    except KeyboardInterrupt:
        cancel(shell.database, job_id)
        print("The job is cancelled.", file=sys.stderr)
    raise typer.Exit(130)
