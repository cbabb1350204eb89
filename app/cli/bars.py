"""Progress on stderr, so that stdout stays for the answer."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_EVERY_S = 0.1

State = tuple[str, float, float]
"""What runs, how much of it is done, and of how much."""


@contextmanager
def polled_bar(look: Callable[[], State], unit: str) -> Iterator[None]:
    """Show a bar that looks by itself how far the block is; nothing where nobody watches the terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from tqdm import tqdm  # noqa: PLC0415  `squint --help` needs none of it

    over = threading.Event()
    with tqdm(unit=f" {unit}", leave=False, dynamic_ncols=True) as bar:

        def watch() -> None:
            while not over.wait(LOOK_EVERY_S):
                bar.desc, bar.n, bar.total = look()
                bar.refresh()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
