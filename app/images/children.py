"""Child processes that may crash, hang or be killed without harm to this one.

A child is a fresh interpreter (never a fork of a process with open databases) that answers over a socket. Its
answers are JSON, never pickle: a child that a hostile file has taken over can only give a wrong answer.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import Any

from app.config import REPOSITORY

SEND_SECONDS = 60
"""A child that takes nothing for so long counts as dead."""


class ChildDiedError(Exception):
    """The child ended without an answer."""


class Child:
    """A process running `module`; its socket's descriptor comes before `arguments` on its command line."""

    def __init__(self, module: str, *arguments: object) -> None:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own module, no shell
                [sys.executable, "-m", module, str(theirs.fileno()), *map(str, arguments)],
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

    def send_json(self, message: Any) -> None:
        self.send(json.dumps(message).encode())

    def receive(self, timeout_s: float) -> bytes:
        """Return the next answer; raise TimeoutError when none comes in time."""
        try:
            if not self.connection.poll(timeout_s):
                raise TimeoutError
            return self.connection.recv_bytes()
        except (EOFError, ConnectionError):
            raise ChildDiedError from None

    def receive_json(self, timeout_s: float) -> Any:
        return json.loads(self.receive(timeout_s))

    def close(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.wait()
