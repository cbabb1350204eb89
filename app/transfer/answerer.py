"""Asks a model in a child process: onnxruntime lives and dies there, with whatever a hostile picture breaks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from anyio import to_thread

from app.errors import AppError, BadInputError, BusyError, ConflictError
from app.images.children import Child, ChildDiedError

CHILD = "ml.answering"
START_S = 60.0
ANSWER_S = 30.0
"""How long a question may take."""
PATIENCE_S = 10.0
"""How long a question waits for its turn."""
MOST_WAITING = 8
IDLE_S = 300.0
"""Nobody asked for so long: the child ends, and its memory is free."""


class Answerer:
    """One child, started with the first question and again whenever it died; questions take turns."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._child: Child | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._idle_s = idle_s
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, model: Path, pictures: list[bytes]) -> list[dict[str, Any]]:
        """Return for each picture its `probabilities`, or the `problem` that it has.

        Raise BusyError when too many wait or the answer takes too long, ConflictError for a model file that
        cannot be opened, BadInputError when the pictures broke the child twice.
        """
        if self._waiting >= MOST_WAITING:
            raise BusyError("Too many questions wait for an answer.", retry_after_s=2)
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._turn.acquire()
        except TimeoutError:
            raise BusyError("The model is busy.", retry_after_s=5) from None
        finally:
            self._waiting -= 1
        try:
            return await to_thread.run_sync(self._ask, model, pictures)
        finally:
            self._turn.release()
            self._end_when_idle()

    @property
    def is_running(self) -> bool:
        return self._child is not None

    def close(self) -> None:
        if self._child:
            self._child.close()
            self._child = None

    def _end_when_idle(self) -> None:
        if self._idle:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._end_unless_asked)

    def _end_unless_asked(self) -> None:
        if not self._turn.locked():
            self.close()

    def _ask(self, model: Path, pictures: list[bytes]) -> list[dict[str, Any]]:
        try:
            return self._try(model, pictures)
        except ChildDiedError:
            # Somebody may have ended it from outside; pictures that break it will do so again.
            self.close()
        try:
            return self._try(model, pictures)
        except ChildDiedError:
            self.close()
            raise BadInputError("These pictures made the decoder crash; none was scored.") from None

    def _try(self, model: Path, pictures: list[bytes]) -> list[dict[str, Any]]:
        try:
            child = self._started()
            child.send_json({"model": str(model), "sizes": [len(data) for data in pictures]})
            child.send(b"".join(pictures))
            answer = child.receive_json(ANSWER_S)
        except TimeoutError:
            self.close()
            raise BusyError(f"The model took longer than {ANSWER_S:g} s.", retry_after_s=10) from None
        if failure := answer.get("failure"):
            raise ConflictError(failure)
        found: list[dict[str, Any]] = answer["answers"]
        return found

    def _started(self) -> Child:
        if self._child is None:
            self._child = Child(CHILD)
            try:
                self._child.receive_json(START_S)
            except (TimeoutError, ChildDiedError):
                self.close()
                raise AppError("The process that answers cannot start.") from None
        return self._child
