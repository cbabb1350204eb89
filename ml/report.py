"""How a run tells what it does: contract events on stdout, at most four progress lines a second."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from ml.contract import Event, MetricPoint, Progress, encode_event

QUIET_S = 0.25
EVENTS: TextIO = sys.stdout
"""Where events go; `ml.__main__` keeps the real stdout for them."""


class Reporter:
    """Counts work in images that went through a net, so that time left is honest across stages."""

    def __init__(self, total: float, stream: TextIO | None = None) -> None:
        self.total = max(total, 1.0)
        self.done = 0.0
        self._stream = stream or EVENTS
        self._worked = 0.0
        self._started = time.monotonic()
        self._last = 0.0

    def skip(self, work: float) -> None:
        """Count work that an earlier attempt had done: it says nothing about today's speed."""
        self.done += work

    def advance(
        self,
        stage: str,
        work: float,
        *,
        epoch: int | None = None,
        epochs: int | None = None,
        loss: float | None = None,
    ) -> None:
        self.done += work
        self._worked += work
        moment = time.monotonic()
        if moment - self._last < QUIET_S and self.done < self.total:
            return
        self._last = moment
        speed = self._worked / max(moment - self._started, 1e-6)
        left = round(max(self.total - self.done, 0) / speed, 1) if speed else None
        self._print(Progress(stage, self.done, self.total, epoch, epochs, loss, round(speed, 1), left))

    def metric(self, series: str, step: int, **values: float) -> None:
        for name, value in values.items():
            self._print(MetricPoint(series, name, step, value))

    def _print(self, event: Event) -> None:
        print(encode_event(event), file=self._stream, flush=True)
