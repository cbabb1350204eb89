"""The data folder: made where there is none, and who may work in a folder at the same time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.config import Settings
from app.errors import StartError
from ml.rundir import lock_now


def make_data_folder(settings: Settings) -> Path:
    """Return the data folder; raise StartError with a sentence where it cannot be written."""
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise StartError(f"The data folder {folder} cannot be written: {error.strerror}.") from error


@contextmanager
def at_work_in(settings: Settings) -> Iterator[None]:
    """Let others work beside the block, but nobody be alone; raise StartError while somebody is."""
    folder = make_data_folder(settings)
    with locked(folder, f"A backup is just being restored into {folder}; wait until it is done.", alone=False):
        yield


@contextmanager
def alone_in(settings: Settings) -> Iterator[None]:
    """Keep everybody else out for as long as the block runs; raise StartError while somebody works there."""
    folder = make_data_folder(settings)
    with locked(folder, f"Squint is running on {folder}; stop it first.", alone=True):
        yield


@contextmanager
def locked(folder: Path, refusal: str, *, alone: bool) -> Iterator[None]:
    """Lock the folder itself: emptying it takes nobody's lock away, and whoever is dead has none.

    Raise StartError with `refusal` where another process is in the way.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not lock_now(descriptor, alone=alone):
            raise StartError(refusal)
        yield
    finally:
        os.close(descriptor)
