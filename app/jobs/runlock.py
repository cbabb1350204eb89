"""One child at a time in a run folder, also when the worker that started the older one hangs or was given up.

The lock is an flock on an open file that the child inherits and the worker closes, so that it is free when, and
only when, the child and all that it started are dead.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ml.rundir import lock_now

LOCK = ".lock"
LONGEST_WAIT_S = 30.0
"""For a child on another machine, which ends when it notices that its worker was given up."""


class RunBusyError(Exception):
    """A child on another machine still works in this run folder."""


def take_lock(run: Path) -> BinaryIO:
    """Return the locked file, for the child to inherit and us to close; end an older child on this machine.

    Raise RunBusyError when a child on another machine holds it for `LONGEST_WAIT_S`.
    """
    lock = (run / LOCK).open("a+b")
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not lock_now(lock.fileno()):
        _kill_holder(lock)
        if time.monotonic() > deadline:
            lock.close()
            raise RunBusyError("Another machine still works on this run.")
        time.sleep(0.05)
    lock.truncate(0)  # Whoever held it is dead, and its number may soon be another's.
    return lock


def note_holder(lock: BinaryIO, group: int) -> None:
    """Write down which process group holds the lock, for whoever must end it."""
    lock.write(f"{socket.gethostname()} {group}".encode())
    lock.flush()


def _kill_holder(lock: BinaryIO) -> None:
    lock.seek(0)
    host, _, group = lock.read(300).decode(errors="replace").partition(" ")
    if host == socket.gethostname() and group.isdecimal():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(int(group), signal.SIGKILL)
