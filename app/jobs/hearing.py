"""Listens to a child: events are kept until they are taken, everything else goes to the run's log."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import IO

from ml.events import Event, Failure, MetricPoint, Progress, decode_event

LONGEST_LINE = 1 << 20


class Hearing:
    """Reads `stream` in a thread until it ends; `ended` is set then."""

    def __init__(self, stream: IO[bytes], log: IO[bytes]) -> None:
        self.ended = threading.Event()
        self.failure: str | None = None
        self._stream = stream
        self._log = log
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._points: list[MetricPoint] = []
        threading.Thread(target=self._listen, name="hearing", daemon=True).start()

    def take(self) -> tuple[Progress | None, list[MetricPoint]]:
        """Return what is new since the last call: the newest progress, and all points."""
        with self._lock:
            news = self._progress, self._points
            self._progress, self._points = None, []
            return news

    def give_back(self, progress: Progress | None, points: Sequence[MetricPoint]) -> None:
        """Keep what could not be stored, for the next `take`."""
        with self._lock:
            self._progress = self._progress or progress
            self._points = [*points, *self._points]

    def _listen(self) -> None:
        try:
            while line := self._stream.readline(LONGEST_LINE):
                self._hear(line)
        finally:
            self.ended.set()

    def _hear(self, line: bytes) -> None:
        event = _decode(line)
        with self._lock:
            match event:
                case Progress():
                    self._progress = event
                case MetricPoint():
                    self._points.append(event)
                case Failure():
                    self.failure = event.sentence
                case None:
                    # A full disk costs lines of the log, and must not make the child wait for us.
                    with suppress(OSError):
                        self._log.write(line)


def _decode(line: bytes) -> Event | None:
    """Return the event, or None for a line that is none or that a database would refuse (NaN, wrong types)."""
    try:
        event = decode_event(line.decode())
        if isinstance(event, MetricPoint):
            return event if math.isfinite(event.value) and isinstance(event.step, int) else None
        if isinstance(event, Progress):
            return _finite(event)
    except (TypeError, ValueError):
        return None
    return event


def _finite(progress: Progress) -> Progress:
    if not math.isfinite(progress.done) or not math.isfinite(progress.total):
        raise ValueError("Progress is counted in finite numbers.")
    return replace(
        progress,
        loss=_or_none(progress.loss),
        images_per_s=_or_none(progress.images_per_s),
        seconds_left=_or_none(progress.seconds_left),
    )


def _or_none(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
