"""`python -m app.jobs.worker`: takes jobs from the queue, one at a time, and runs each in a child process.

No torch here: the worker stays small and quick, and a crash of training is the child's.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from typing import NoReturn

from dbos import DBOS, DBOSPortableJSONSerializer
from dbos import error as dbos_error

from app.config import Settings
from app.db import Database
from app.errors import StartError
from app.jobs import child
from app.jobs.attempts import NO_ANSWER, JobFailedError, SupersededError
from app.jobs.engine import APPLICATION, QUEUE, SCHEMA, WORKFLOW_VERSION, make_job_engine
from app.jobs.presence import Presence
from app.jobs.queue import prepare_job_tables
from app.jobs.retention import sweep
from app.jobs.workflow import Workplace, define_workflow

log = logging.getLogger(__name__)

KINDS = "app.jobs.kinds"
BEATS_PER_DEATH = 6
"""Heartbeats within the time after which a silent worker counts as dead."""
LONGEST_BEAT_S = 5.0
SWEEP_EVERY_S = 3600.0
FAREWELL_S = 0.5


class Unsurprising(logging.Filter):
    """Drops DBOS's tracebacks for what is no error of the program: a cancelled, failed or handed-over job."""

    expected = (JobFailedError, SupersededError, dbos_error.DBOSAwaitedWorkflowCancelledError)

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], self.expected))


def run_worker(settings: Settings, kinds: str = KINDS) -> NoReturn:
    """Work until SIGTERM or SIGINT, then end the child and this process within two seconds.

    `kinds` is the module that registers the kinds of jobs. Raise StartError when the database cannot be used.
    Call this in the main thread: it waits there for the signal.
    """
    set_up_logging()
    importlib.import_module(kinds)
    database = Database(settings.db_url)
    prepare_job_tables(database)
    worker = LiveWorker(settings, database)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    worker.start()
    told.wait()
    worker.stop(0)


class LiveWorker:
    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.presence = Presence(database)
        self.beat_s = min(LONGEST_BEAT_S, settings.worker_dead_after_s / BEATS_PER_DEATH)

    def start(self) -> None:
        """Join before launching: others would take a worker without a heartbeat for dead, and its jobs."""
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": "sqlite:///" if self.database.is_sqlite else self.database.url,
                "system_database_engine": make_job_engine(self.database),
                "dbos_system_schema": SCHEMA,
                "application_version": WORKFLOW_VERSION,
                "executor_id": self.presence.id,
                "serializer": DBOSPortableJSONSerializer(),
                "use_listen_notify": False,
                "run_migrations": False,
                "log_level": "ERROR",
            }
        )
        define_workflow(Workplace(self.database, self.settings, self.presence.id))
        DBOS.listen_queues([QUEUE])
        self.presence.join()
        DBOS.launch()
        threading.Thread(target=self._live, name="heartbeat", daemon=True).start()
        log.info("Worker %s waits for jobs.", self.presence.id)

    def stop(self, code: int) -> NoReturn:
        """End at once: DBOS's own way out waits for running steps, and what a job needs is on disk."""
        farewell = threading.Thread(target=self.presence.leave, daemon=True)
        farewell.start()
        farewell.join(FAREWELL_S)
        child.kill_all()
        os._exit(code)

    def _live(self) -> NoReturn:
        next_sweep = time.monotonic() + SWEEP_EVERY_S
        while True:
            try:
                self._recover()
                if time.monotonic() > next_sweep:
                    sweep(self.database, self.settings)
                    next_sweep = time.monotonic() + SWEEP_EVERY_S
                time.sleep(self.beat_s)
                if not self.presence.beat():
                    log.error("The other workers have given this one up; it ends, and a new one may start.")
                    self.stop(1)
            except NO_ANSWER as error:
                log.warning("The database does not answer: %s", error)
                time.sleep(1)
            except Exception:
                log.exception("The worker cannot go on.")
                self.stop(1)

    def _recover(self) -> None:
        """Queue the jobs of dead workers again, each at its last finished step."""
        if orphaned := self.presence.bury_the_dead(self.settings.worker_dead_after_s):
            log.info("Taking over the jobs of %s.", ", ".join(orphaned))
            # Not public, yet the only call that moves a job only while the dead worker still has it.
            DBOS._recover_pending_workflows(orphaned)  # noqa: SLF001


def set_up_logging() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s", datefmt="%H:%M:%S"
    )
    dbos_log = logging.getLogger("dbos")
    dbos_log.setLevel(logging.ERROR)
    dbos_log.addFilter(Unsurprising())


def end_with_parent() -> None:
    """End this process, and by that its child, when standard input ends: its writer is dead."""

    def wait() -> None:
        os.read(0, 1)
        child.kill_all()
        os._exit(0)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description="Squint's background worker.")
    parser.add_argument("--kinds", default=KINDS, help="module that registers the kinds of jobs")
    parser.add_argument(
        "--supervised",
        action="store_true",
        help="read the settings from the first line of standard input, and end when that ends",
    )
    options = parser.parse_args()
    settings = Settings()
    if options.supervised:
        settings = Settings(**json.loads(sys.stdin.buffer.readline()))
        end_with_parent()
    try:
        run_worker(settings, options.kinds)
    except StartError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
