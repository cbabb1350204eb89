"""Engines, and the only place where a request's transaction is committed.

SQLite: WAL, synchronous=FULL, foreign keys, and BEGIN IMMEDIATE for every transaction that may write: a deferred
one that reads first fails with "database is locked" however long the busy timeout is. Reads use a second engine
over the same pool that begins deferred, so that a page never waits for a writer.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from types import ModuleType
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from app.errors import StartError

FIXED_SQLITE = (3, 51, 3)
"""Older ones can lose committed WAL data (sqlite.org/wal.html#walresetbug)."""
BUSY_TIMEOUT_MS = 30_000
REQUESTS_AT_ONCE = 18
"""Two connections each: fewer than the pool holds."""

Answer = TypeVar("Answer")


def sqlite_module() -> ModuleType:
    """Return the SQLite driver that web and worker share: Python's own, or pysqlite3 where that is too old."""
    if sqlite3.sqlite_version_info >= FIXED_SQLITE:
        return sqlite3
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415  absent where Python's own SQLite is new enough
    except ImportError:
        dbapi2 = sqlite3
    if dbapi2.sqlite_version_info < FIXED_SQLITE:
        raise StartError(
            f"SQLite {dbapi2.sqlite_version} can lose committed answers; "
            "install the package pysqlite3 (SQLite 3.51.3 or newer)."
        )
    module: ModuleType = dbapi2
    return module


def make_engine(url: str) -> Engine:
    """Create the engine shared by the tables and the job engine, on SQLite or PostgreSQL."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=20, max_overflow=20, pool_timeout=5, pool_pre_ping=True)
    engine = create_engine(url, module=sqlite_module(), pool_size=20, max_overflow=40)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    set_pragmas(connection)


def set_pragmas(connection: Any) -> None:
    """Say to a connection of SQLite's driver what holds for all of ours."""
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
    ):
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    deferred = connection.get_execution_options().get("squint_read_only", False)
    connection.exec_driver_sql("BEGIN DEFERRED" if deferred else "BEGIN IMMEDIATE")


class Place:
    """Of a request that is served: one of so many, until it is left."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def leave(self) -> None:
        """Let the next request in; left twice it is left once. To be called on the event loop."""
        if self._places is not None:
            self._places.release()
            self._places = None


class Database:
    """Sessions for one installation: `write()` commits when its block ends well, `read()` never writes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._writers = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(
            self.engine.execution_options(squint_read_only=True), expire_on_commit=False, autoflush=False
        )
        self._turn: asyncio.Lock | None = asyncio.Lock() if self.is_sqlite else None
        self._places = asyncio.Semaphore(REQUESTS_AT_ONCE)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self._writers.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._readers() as session:
            yield session

    @asynccontextmanager
    async def turn_to_write(self) -> AsyncIterator[None]:
        """Wait in line, without holding a thread, until this process may open a write transaction.

        SQLite lets in one writer at a time and its own waiting is unfair; and threads that wait for the lock
        would leave none for the writer that holds it.
        """
        async with self._turn or nullcontext():
            yield

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """Wait in line, without holding a thread or a connection, until this process may serve one more request.

        A request reads who asks on one connection and writes on another: were all connections held by requests
        that wait for their second one, none could end.
        """
        await self._places.acquire()
        place = Place(self._places)
        try:
            yield place
        finally:
            place.leave()

    async def ask(self, read: Callable[[Session], Answer]) -> Answer:
        """Return what `read` does, done in one go in one thread: for requests that hold no place by then.

        Such are those that come at every key press (`MemberDep`), and those that let go of theirs (`LetGoDep`).
        """

        def asked() -> Answer:
            with self.read() as session:
                return read(session)

        async with self.place():
            return await run_in_threadpool(asked)

    async def change(self, work: Callable[[Session], Answer]) -> Answer:
        """Return what `work` does, done and committed in one go in one thread, as `ask` does.

        Each change of threads costs what a statement costs, and where another thread is busy its whole turn.
        """

        def changed() -> Answer:
            with self.write() as session:
                return work(session)

        async with self.place(), self.turn_to_write():
            return await run_in_threadpool(changed)

    def close(self) -> None:
        self.engine.dispose()


async def get_database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


DatabaseDep = Annotated[Database, Depends(get_database)]


async def wait_place(database: DatabaseDep) -> AsyncIterator[Place]:
    async with database.place() as place:
        yield place


PlaceDep = Annotated[Place, Depends(wait_place, scope="function")]


async def wait_turn(database: DatabaseDep, _place: PlaceDep) -> AsyncIterator[None]:
    async with database.turn_to_write():
        yield


def get_session(
    database: DatabaseDep, _turn: Annotated[None, Depends(wait_turn, scope="function")]
) -> Iterator[Session]:
    with database.write() as session:
        yield session


def get_read_session(database: DatabaseDep, _place: PlaceDep) -> Iterator[Session]:
    with database.read() as session:
        yield session


# scope="function": the commit comes before the answer. Without it FastAPI answers 200 first, even when the
# commit fails.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
ReadSessionDep = Annotated[Session, Depends(get_read_session, scope="function")]

LetGo = Callable[[], None]


async def get_let_go(session: ReadSessionDep, place: PlaceDep) -> LetGo:
    def let_go() -> None:
        session.close()
        place.leave()

    return let_go


LetGoDep = Annotated[LetGo, Depends(get_let_go, scope="function")]
"""For a route that goes on for long after it knows who asks: what it calls to read no more and to hold no place.

Else a few slow senders would keep everybody out, and an open read holds back the database's clean-up.
"""
