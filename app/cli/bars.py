"""Progress on stderr, so that stdout stays for the answer."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.progress import Show

LOOK_EVERY_S = 0.1


@contextmanager
def bar(unit: str) -> Iterator[Show]:
    """Yield what moves the bar; where nobody watches the terminal, it prints a line when the stage changes.

    A stage may end in how far it is, behind a comma, which makes no other stage of it.
    """
    if not sys.stderr.isatty():
        yield _stages()
        return
    from tqdm import tqdm  # noqa: PLC0415  `squint --help` needs none of it

    with tqdm(unit=f" {unit}", leave=False, dynamic_ncols=True) as drawn:

        def show(stage: str, done: float, total: float) -> None:
            drawn.total = total
            drawn.set_description_str(stage, refresh=False)
            drawn.update(done - drawn.n)
            drawn.refresh()

        yield show


def _stages() -> Show:
    last = [""]

    def show(stage: str, _done: float, _total: float) -> None:
        name = stage.partition(",")[0]
        if name != last[0]:
            print(stage, file=sys.stderr, flush=True)
            last[0] = name

    return show


@contextmanager
def polled_bar(look: Callable[[], tuple[str, float, float]], unit: str) -> Iterator[None]:
    """Show a bar that looks by itself how far the block is."""
    over = threading.Event()
    with bar(unit) as show:

        def watch() -> None:
            while not over.wait(LOOK_EVERY_S):
                show(*look())

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
