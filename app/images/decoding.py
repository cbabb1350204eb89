"""Decodes pictures in child processes. A picture that breaks its child is set aside alone."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any, Generic, Self, TypeVar

from app.images.children import Child, ChildDiedError
from app.images.limits import Limits
from app.parts import in_batches

Key = TypeVar("Key")

DECODER = "app.images.decoder"
MOST_CHILDREN = 4
START_SECONDS = 60.0
PICTURES_A_BATCH = 100
BYTES_A_BATCH = 256 * 1024
MOST_AHEAD = 8
"""Batches held back by one that takes long: the answers come in order."""


class DecoderUnfitError(RuntimeError):
    """The child could not even start: the installation is broken, not a picture."""


@dataclass(frozen=True)
class Decoded(Generic[Key]):
    """What a decoder says of one picture: the fields of `app.images.decoder.Description`."""

    key: Key
    description: dict[str, Any]


@dataclass(eq=False)
class _Batch(Generic[Key]):
    """Pictures that are sent together, and what was said of them so far."""

    items: list[tuple[Key, bytes]]
    said: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return len(self.said) == len(self.items)

    def answers(self) -> list[Decoded[Key]]:
        return [Decoded(key, self.said[i]) for i, (key, _) in enumerate(self.items)]


@dataclass(eq=False)
class _Task(Generic[Key]):
    """Some pictures of a batch: all of them, or one alone after they broke a child together."""

    batch: _Batch[Key]
    which: range

    def pictures(self) -> list[bytes]:
        return [self.batch.items[i][1] for i in self.which]


class _Decoder(Generic[Key]):
    """A child, and the task that it has in hand."""

    def __init__(self, limits: Limits) -> None:
        self.child = Child(DECODER, limits.decode_bytes)
        self.seconds = limits.decode_seconds
        self.task: _Task[Key] | None = None
        self.deadline = 0.0
        self._up = False

    def give(self, task: _Task[Key]) -> None:
        self.task = task
        self.deadline = time.monotonic() + (self.seconds if self._up else START_SECONDS)
        pictures = task.pictures()
        try:
            self.child.send_json([len(data) for data in pictures])
            self.child.send(b"".join(pictures))
        except ChildDiedError:
            return  # the end of its socket says so once more where answers are read

    def take(self, task: _Task[Key]) -> None:
        """Put the answers into the task's batch; only its word that it is up is no answer yet.

        Raise ChildDiedError or TimeoutError when a picture of the task broke the child.
        """
        try:
            answers = self.child.receive_json(max(0.0, self.deadline - time.monotonic()))
        except (ChildDiedError, TimeoutError):
            if not self._up:
                raise DecoderUnfitError("The process that decodes pictures cannot start.") from None
            raise
        if not self._up:
            self._up = True
            self.deadline = time.monotonic() + self.seconds
            return
        self.task = None
        task.batch.said.update(zip(task.which, answers, strict=True))


class DecoderPool(Generic[Key]):
    """Up to `size` decoders, started as there is work for them."""

    def __init__(self, limits: Limits, size: int | None = None) -> None:
        self._limits = limits
        self._size = size or min(MOST_CHILDREN, os.cpu_count() or 1)
        self._decoders: list[_Decoder[Key]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for decoder in self._decoders:
            decoder.child.close()

    def decode(self, items: Iterable[tuple[Key, bytes]]) -> Iterator[Decoded[Key]]:
        """Yield one answer for each of `items`, in their order; few of them are held at a time."""
        batches = _batches(items)
        line: deque[_Batch[Key]] = deque()
        tasks: deque[_Task[Key]] = deque()
        while True:
            if not tasks and len(line) < MOST_AHEAD and (batch := next(batches, None)):
                line.append(batch)
                tasks.append(_Task(batch, range(len(batch.items))))
            if tasks and (decoder := self._find_idle()):
                decoder.give(tasks.popleft())
            elif any(decoder.task for decoder in self._decoders):
                self._wait(tasks)
            elif not line:
                return
            while line and line[0].done:
                yield from line.popleft().answers()

    def _find_idle(self) -> _Decoder[Key] | None:
        for decoder in self._decoders:
            if not decoder.task:
                return decoder
        if len(self._decoders) == self._size:
            return None
        self._decoders.append(_Decoder(self._limits))
        return self._decoders[-1]

    def _wait(self, tasks: deque[_Task[Key]]) -> None:
        """Wait for an answer, or for a child to be late or dead; put what must be tried again into `tasks`."""
        busy = [(decoder, decoder.task) for decoder in self._decoders if decoder.task]
        first = min(decoder.deadline for decoder, _ in busy)
        ready = wait([d.child.connection for d, _ in busy], max(0.0, first - time.monotonic()))
        for decoder, task in busy:
            if decoder.child.connection not in ready and time.monotonic() < decoder.deadline:
                continue
            try:
                decoder.take(task)
            except ChildDiedError:
                self._blame(decoder, task, tasks, "The picture made the decoder crash.")
            except TimeoutError:
                late = f"Decoding took more than {self._limits.decode_seconds:g} seconds."
                self._blame(decoder, task, tasks, late)

    def _blame(self, decoder: _Decoder[Key], task: _Task[Key], tasks: deque[_Task[Key]], problem: str) -> None:
        """Set a picture aside that was alone; of several, try each by itself to find the guilty one."""
        decoder.child.close()
        self._decoders.remove(decoder)
        if len(task.which) == 1:
            task.batch.said[task.which[0]] = {"problem": problem}
        else:
            tasks.extend(_Task(task.batch, range(i, i + 1)) for i in task.which)


def _batches(items: Iterable[tuple[Key, bytes]]) -> Iterator[_Batch[Key]]:
    parts = in_batches(items, lambda item: len(item[1]), most=PICTURES_A_BATCH, most_bytes=BYTES_A_BATCH)
    return map(_Batch, parts)
