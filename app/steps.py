"""For routes with slow work between two transactions, so that nobody waits for the database meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from app.db import Database

Result = TypeVar("Result")


async def read(database: Database, question: Callable[[Session], Result]) -> Result:
    def run() -> Result:
        with database.read() as session:
            return question(session)

    return await asyncio.to_thread(run)


async def write(database: Database, change: Callable[[Session], Result]) -> Result:
    """Run `change` in a transaction of its own, committed on return."""

    def run() -> Result:
        with database.write() as session:
            return change(session)

    async with database.turn_to_write():
        return await asyncio.to_thread(run)
