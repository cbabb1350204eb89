"""Decodes pictures in child processes. A picture that breaks its child is set aside alone."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Generic, Self, TypeVar

from app.images.children import Child, ChildDiedError
from app.images.limits import Limits

Key = TypeVar("Key")
Item = tuple[Key, bytes]

DECODER = "app.images.decoder"
MOST_CHILDREN = 4
PICTURES_A_BATCH = 100
BYTES_A_BATCH = 256 * 1024


class DecoderUnfitError(RuntimeError):
    """The child could not even start: the installation is broken, not a picture."""


@dataclass(frozen=True)
class Decoded(Generic[Key]):
    """What a decoder says of one picture: the fields of `app.images.decoder.Description`."""

    key: Key
    description: dict[str, Any]


class _Decoder(Generic[Key]):
    """A child, and the batch that it has in hand."""

    def __init__(self, limits: Limits) -> None:
        self.child = Child(DECODER, limits.decode_bytes)
        self.seconds = limits.decode_seconds
        self.batch: list[Item[Key]] = []
        self.deadline = 0.0
        self._up = False

    def give(self, batch: list[Item[Key]]) -> None:
        self.batch = batch
        self.deadline = time.monotonic() + self.seconds
        try:
            self.child.send_json([len(data) for _, data in batch])
            self.child.send(b"".join(data for _, data in batch))
        except ChildDiedError:
            return  # the end of its socket says so once more where answers are read

    def take(self) -> list[Decoded[Key]]:
        """Return the answers to the batch, or nothing yet when the child only says that it is up.

        Raise ChildDiedError or TimeoutError when a picture of the batch broke the child.
        """
        try:
            answers = self.child.receive_json(max(0.0, self.deadline - time.monotonic()))
        except ChildDiedError:
            if not self._up:
                raise DecoderUnfitError("The process that decodes pictures cannot start.") from None
            raise
        if not self._up:
            self._up = True
            self.deadline = time.monotonic() + self.seconds
            return []
        batch, self.batch = self.batch, []
        return [Decoded(key, answer) for (key, _), answer in zip(batch, answers, strict=True)]


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

    def decode(self, items: Iterable[Item[Key]]) -> Iterator[Decoded[Key]]:
        """Yield one answer for each of `items`, in any order; few of them are held at a time."""
        batches = _batches(items)
        again: deque[list[Item[Key]]] = deque()
        while True:
            decoder = self._find_idle()
            batch = (again.popleft() if again else next(batches, None)) if decoder else None
            if decoder and batch:
                decoder.give(batch)
            elif busy := [d for d in self._decoders if d.batch]:
                yield from self._wait_for(busy, again)
            else:
                return

    def _find_idle(self) -> _Decoder[Key] | None:
        for decoder in self._decoders:
            if not decoder.batch:
                return decoder
        if len(self._decoders) == self._size:
            return None
        self._decoders.append(_Decoder(self._limits))
        return self._decoders[-1]

    def _wait_for(self, busy: list[_Decoder[Key]], again: deque[list[Item[Key]]]) -> Iterator[Decoded[Key]]:
        first = min(decoder.deadline for decoder in busy)
        ready = wait([d.child.connection for d in busy], max(0.0, first - time.monotonic()))
        for decoder in busy:
            if decoder.child.connection not in ready and time.monotonic() < decoder.deadline:
                continue
            try:
                yield from decoder.take()
            except ChildDiedError:
                yield from self._blame(decoder, again, "The picture made the decoder crash.")
            except TimeoutError:
                yield from self._blame(
                    decoder, again, f"Decoding took more than {self._limits.decode_seconds:g} seconds."
                )

    def _blame(
        self, decoder: _Decoder[Key], again: deque[list[Item[Key]]], problem: str
    ) -> Iterator[Decoded[Key]]:
        """Set aside a picture that was alone; of a batch, try each one by itself to find the guilty one."""
        decoder.child.close()
        self._decoders.remove(decoder)
        if len(decoder.batch) == 1:
            yield Decoded(decoder.batch[0][0], {"problem": problem})
        else:
            again.extend([item] for item in decoder.batch)


def _batches(items: Iterable[Item[Key]]) -> Iterator[list[Item[Key]]]:
    batch: list[Item[Key]] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item[1])
        if len(batch) == PICTURES_A_BATCH or size > BYTES_A_BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
