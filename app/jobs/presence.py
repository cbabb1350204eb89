"""Which workers live, and what becomes of the jobs of those that do not.

DBOS hands the jobs of a dead worker to another only with its paid service, so each worker here keeps a row with a
heartbeat, and every worker looks for jobs whose worker has none.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.db import Database
from app.jobs.engine import APPLICATION, workflows_of
from app.models import Worker
from app.models.base import now


class Presence:
    """This process as a worker; the id is new for each process, or it would take over jobs of its namesake."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.host = socket.gethostname()
        self.id = f"{self.host}-{os.getpid()}-{uuid4().hex[:6]}"

    def join(self) -> None:
        with self.database.write() as session:
            time = clock(session)
            session.add(Worker(id=self.id, host=self.host, pid=os.getpid(), started_at=time, beat_at=time))

    def beat(self) -> bool:
        """Say that we live; return False when the others have given us up already."""
        with self.database.write() as session:
            beat = update(Worker).where(Worker.id == self.id).values(beat_at=clock(session))
            return session.scalar(beat.returning(Worker.id)) is not None

    def leave(self) -> None:
        with self.database.write() as session:
            session.execute(delete(Worker).where(Worker.id == self.id))

    def bury_the_dead(self, dead_after_s: float) -> list[str]:
        """Remove workers that are dead, and return the ids of all that hold running jobs and are no more."""
        with self.database.write() as session:
            time = clock(session)
            dead = [
                worker.id
                for worker in session.scalars(select(Worker).where(Worker.id != self.id))
                if self._has_number_of(worker) or not is_alive(worker, time, dead_after_s)
            ]
            session.execute(delete(Worker).where(Worker.id.in_(dead)))
            workflows = workflows_of(session.get_bind().engine)
            return list(
                session.scalars(
                    select(workflows.c.executor_id)
                    .distinct()
                    .where(
                        workflows.c.status == "PENDING",
                        workflows.c.application_name == APPLICATION,
                        workflows.c.executor_id.not_in(select(Worker.id)),
                    )
                )
            )

    def _has_number_of(self, worker: Worker) -> bool:
        """Whether that worker's process is over because ours has its number, as after a container's restart."""
        return worker.host == self.host and worker.pid == os.getpid()


def list_live_workers(session: Session, dead_after_s: float) -> list[Worker]:
    """Return the workers with a fresh heartbeat: none means that jobs wait in vain."""
    time = clock(session)
    return [row for row in session.scalars(select(Worker)) if is_alive(row, time, dead_after_s)]


def is_alive(worker: Worker, time: datetime, dead_after_s: float) -> bool:
    """Whether its heartbeat is fresh; on our own machine a missing process tells at once."""
    if worker.beat_at < time - timedelta(seconds=dead_after_s):
        return False
    return worker.host != socket.gethostname() or _runs(worker)


def _runs(worker: Worker) -> bool:
    try:
        with suppress(PermissionError):  # another person's
            os.kill(worker.pid, 0)
    except ProcessLookupError:
        return False
    return True


def clock(session: Session) -> datetime:
    """Return the database's time where several machines share it, so that their own clocks do not matter."""
    if session.get_bind().dialect.name == "sqlite":
        return now()
    return session.scalars(select(func.now())).one()
