"""Child processes that may crash, hang or be killed without harm to this one.

A child is a fresh interpreter (never a fork of a process with open databases) that answers over a socket. Its
answers are JSON, never pickle: a child that a hostile file has taken over can only give a wrong answer.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from app.config import REPOSITORY
from app.images.limits import Limits

Key = TypeVar("Key")

DECODER = (sys.executable, "-m", "app.images.decoder")
WINDOW_BYTES = 64 * 1024
"""What may wait in a child's socket; well below its buffer, so that sending never blocks."""


class ChildDiedError(Exception):
    """The child ended without an answer."""


class ChildUnfitError(RuntimeError):
    """The child could not even start: the installation is broken, not a picture."""


class Child:
    """One child process; its socket's descriptor and `arguments` are appended to `command`."""

    def __init__(self, command: tuple[str, ...], *arguments: object) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own module, no shell
                [*command, str(theirs.fileno()), *map(str, arguments)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=REPOSITORY,
            )
        self.connection = Connection(ours.detach())

    def send(self, data: bytes) -> None:
        try:
            self.connection.send_bytes(data)
        except OSError:
            raise ChildDiedError from None

    def receive(self, timeout_s: float) -> bytes:
        """Return the next answer; raise TimeoutError when none comes in time."""
        try:
            if not self.connection.poll(timeout_s):
                raise TimeoutError
            return self.connection.recv_bytes()
        except (EOFError, ConnectionError):
            raise ChildDiedError from None

    def close(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Decoded(Generic[Key]):
    """What a decoder says of one picture: fields of `app.images.decoder.Description`."""

    key: Key
    description: dict[str, Any]


@dataclass
class _Pending(Generic[Key]):
    key: Key
    data: bytes


class _Decoder(Generic[Key]):
    """A decoder child and the pictures it has not answered yet, oldest first."""

    def __init__(self, limits: Limits) -> None:
        self.child = Child(DECODER, limits.decode_bytes)
        self.pending: deque[_Pending[Key]] = deque()
        self.since = time.monotonic()
        """When the oldest one's turn began."""
        self._ready = False

    def has_room(self, size: int) -> bool:
        return not self.pending or sum(len(p.data) for p in self.pending) + size <= WINDOW_BYTES

    def send(self, item: _Pending[Key]) -> None:
        if not self.pending:
            self.since = time.monotonic()
        self.pending.append(item)
        self.child.send(item.data)

    def receive(self) -> list[Decoded[Key]]:
        """Return the answer that has come, or nothing for the child's word that it is up."""
        try:
            answer = self.child.receive(0)
        except ChildDiedError:
            if self._ready:
                raise
            raise ChildUnfitError("The process that decodes pictures could not start.") from None
        self.since = time.monotonic()
        if not self._ready:
            self._ready = True
            return []
        return [Decoded(self.pending.popleft().key, json.loads(answer))]


class DecoderPool(Generic[Key]):
    """Decodes pictures in up to `size` children. A picture that breaks its child is set aside alone."""

    def __init__(self, limits: Limits, size: int | None = None) -> None:
        self._limits = limits
        self._size = size or min(4, os.cpu_count() or 1)
        self._decoders: list[_Decoder[Key]] = []

    def __enter__(self) -> DecoderPool[Key]:
        self._decoders.append(_Decoder(self._limits))
        return self

    def __exit__(self, *_: object) -> None:
        for decoder in self._decoders:
            decoder.child.close()

    def decode(self, items: Iterator[tuple[Key, bytes]]) -> Iterator[Decoded[Key]]:
        """Yield one answer for each of `items`, in any order; few of them are held at a time."""
        waiting: deque[_Pending[Key]] = deque()
        while True:
            if not waiting and (item := next(items, None)) is not None:
                waiting.append(_Pending(*item))
            if waiting and (decoder := self._find_room(len(waiting[0].data))):
                self._give(decoder, waiting)
                continue
            if not waiting and not any(d.pending for d in self._decoders):
                return
            yield from self._answers(waiting)

    def _find_room(self, size: int) -> _Decoder[Key] | None:
        for decoder in self._decoders:
            if decoder.has_room(size):
                return decoder
        if len(self._decoders) < self._size:
            self._decoders.append(_Decoder(self._limits))
            return self._decoders[-1]
        return None

    def _give(self, decoder: _Decoder[Key], waiting: deque[_Pending[Key]]) -> None:
        try:
            decoder.send(waiting.popleft())
        except ChildDiedError:
            return  # its socket tells, and `_answers` sorts out what was pending

    def _answers(self, waiting: deque[_Pending[Key]]) -> Iterator[Decoded[Key]]:
        busy = {d.child.connection: d for d in self._decoders if d.pending}
        deadline = min(d.since for d in busy.values()) + self._limits.decode_seconds
        ready = wait(list(busy), max(0.0, deadline - time.monotonic()))
        for connection in ready:
            decoder = busy[connection]  # type: ignore[index]
            try:
                yield from decoder.receive()
            except ChildDiedError:
                yield self._replace(decoder, waiting, "The picture made the decoder crash.")
        for decoder in busy.values():
            late = time.monotonic() - decoder.since > self._limits.decode_seconds
            if late and decoder.pending and decoder in self._decoders:
                sentence = f"Decoding took more than {self._limits.decode_seconds:g} seconds."
                yield self._replace(decoder, waiting, sentence)

    def _replace(self, decoder: _Decoder[Key], waiting: deque[_Pending[Key]], problem: str) -> Decoded[Key]:
        """Blame the oldest picture; the others have their turn in a fresh child."""
        decoder.child.close()
        self._decoders[self._decoders.index(decoder)] = _Decoder(self._limits)
        blamed = decoder.pending.popleft()
        waiting.extendleft(reversed(decoder.pending))
        return Decoded(blamed.key, {"problem": problem})
