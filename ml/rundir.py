"""Names inside a run folder, and writes that are whole or absent."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

MANIFEST = "manifest.json"
SPLITS = "splits.json"
CHECKPOINTS = "checkpoints"
MODELS = "models"
PREDICTIONS = "predictions.npz"
ORIGINS = "origins.json"
FINDINGS = "findings.json"
SLICES = "slices.npy"
RESULT = "result.json"
TUNED = "tuned.json"
DONE = "DONE"
LOG = "log.txt"


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on a clean exit it is fsynced and renamed over it.

    A reader sees the old file or the whole new one, also after kill -9; of several who write at once, threads of
    one process or machines that share the folder, the last wins. The folder is made if absent.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid4().hex[:12]}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(target)
        fsync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def fsync_folder(folder: Path) -> None:
    """Make renames in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_now(descriptor: int, *, alone: bool = True) -> bool:
    """Lock what is open until it is closed, or its process dies; return False where another one is in the way."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # disks of other machines may have no such locks, and keep nobody out
    return True


def write_text(target: Path, text: str) -> None:
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def is_done(run: Path) -> bool:
    """Whether the child finished: `DONE` is written last, so everything else is there."""
    return (run / DONE).exists()
