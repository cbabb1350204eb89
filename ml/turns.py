"""Who does what several processes would otherwise do at once, side by side and for nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ml.rundir import lock_now

LOOK_EVERY_S = 0.5


@contextmanager
def one_at_a_time(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Let one process into the block for `folder`; the next tells `waiting` until it is its turn.

    The folder itself is locked: nothing is left in it, and whoever is dead holds nothing.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while not lock_now(descriptor):
            waiting()
            time.sleep(LOOK_EVERY_S)
        yield
    finally:
        os.close(descriptor)
