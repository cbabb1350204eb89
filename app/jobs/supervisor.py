"""Keeps one worker process running beside the web server, and ends it with the server."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from app.config import REPOSITORY, Settings

log = logging.getLogger(__name__)

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0
WELL_S = 60.0
"""After a life as long as this the next start is not delayed."""
FAREWELL_S = 3.0

Process = subprocess.Popen[bytes]


class Supervisor:
    """Starts `python -m app.jobs.worker`, and again with growing pauses whenever it exits.

    The worker gets the settings by its standard input, which also tells it when this process is dead.
    """

    def __init__(self, settings: Settings, arguments: Sequence[str] = ()) -> None:
        self._settings = settings
        self._command = [sys.executable, "-m", "app.jobs.worker", "--supervised", *arguments]
        self._stopping = threading.Event()
        self._process: Process | None = None
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id of the worker that runs now."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when the worker is gone, which takes it no longer than `FAREWELL_S`."""
        self._stopping.set()
        if self._process:
            self._process.terminate()
        self._thread.join(FAREWELL_S)
        if self._process and self._process.poll() is None:
            self._process.kill()

    def _watch(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stopping.is_set():
            started = time.monotonic()
            self._process = self._spawn()
            code = self._process.wait()
            if time.monotonic() - started > WELL_S:
                wait_s = FIRST_WAIT_S
            if not self._stopping.wait(wait_s):
                log.warning("The worker ended (%s) and is started again.", code)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    def _spawn(self) -> Process:
        # In a session of its own: Ctrl-C is for this process, which ends the worker when it ends itself.
        process = subprocess.Popen(  # noqa: S603  ours
            self._command, stdin=subprocess.PIPE, cwd=REPOSITORY, start_new_session=True
        )
        assert process.stdin is not None  # noqa: S101  it is a pipe
        with suppress(BrokenPipeError):
            process.stdin.write(self._settings.model_dump_json().encode() + b"\n")
            process.stdin.flush()
        return process
