"""How a run tells what it does: contract events on stdout, at most four progress lines a second."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from typing import TextIO

from ml.events import Event, MetricPoint, Progress, encode_event

QUIET_S = 0.25
EVENTS: TextIO = sys.stdout
"""Where events go; `ml.__main__` keeps the real stdout for them."""


TRAINING_COST = 6
"""What training on an image takes, in images scored: 3 to 9 were measured, from large nets to small."""


class Reporter:
    """Counts work in images scored, so that time left is honest across stages."""

    def __init__(self, total: float, stream: TextIO | None = None) -> None:
        self.total = max(total, 1.0)
        self.done = 0.0
        self.beside: Progress | None = None
        """What another process does for the same run."""
        self._stream = stream or EVENTS
        self._worked = 0.0
        self._started = time.monotonic()
        self._last = 0.0
        self._printing = threading.Lock()
        self._stage = ""
        self._stage_images = 0
        self._stage_started = self._started

    def skip(self, work: float) -> None:
        """Count work that an earlier attempt had done: it says nothing about today's speed."""
        self.done += work

    def advance(
        self,
        stage: str,
        images: int,
        *,
        cost: float = 1,
        epoch: int | None = None,
        epochs: int | None = None,
        loss: float | None = None,
    ) -> None:
        """Count images that went through a net; `cost` is what each took, in images scored."""
        moment, beside = time.monotonic(), self.beside
        if stage != self._stage:
            self._stage, self._stage_images, self._stage_started = stage, 0, moment
        self._stage_images += images
        self.done += images * cost
        self._worked += images * cost
        others = beside.done if beside else 0.0
        done = min(self.done + others, self.total)
        if moment - self._last < QUIET_S and done < self.total:
            return
        self._last = moment
        speed = _rate(self._worked + others, moment - self._started)
        left = round((self.total - done) / speed, 1) if speed else None
        images_per_s = round(_rate(self._stage_images, moment - self._stage_started), 1)
        own = Progress(stage, done, self.total, epoch, epochs, loss, images_per_s or None, left)
        self.tell(_together(own, beside))

    def follow(self) -> None:
        """Tell how far the other process is, while nothing is left to do in this one."""
        if beside := self.beside:
            self.advance(beside.stage, 0, epoch=beside.epoch, epochs=beside.epochs)

    def metric(self, series: str, step: int, **values: float) -> None:
        for name, value in values.items():
            self.tell(MetricPoint(series, name, step, value))

    def tell(self, event: Event) -> None:
        with self._printing:
            print(encode_event(event), file=self._stream, flush=True)


def _together(own: Progress, other: Progress | None) -> Progress:
    if other is None or other.stage == own.stage:
        return own
    return replace(own, beside=other.stage, beside_epoch=other.epoch, beside_epochs=other.epochs)


def _rate(count: float, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0
