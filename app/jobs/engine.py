"""The job engine's own view of the database: DBOS and its tables, which no model of ours describes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    select,
)

from app.db import Database, set_pragmas, sqlite_module

if TYPE_CHECKING:
    from dbos import DBOSClient

APPLICATION = "squint"
QUEUE = "training"
WORKFLOW = "job"
WORKFLOW_VERSION = "1"
"""Pinned: by default DBOS recovers no job that was started before the program was edited. Raise it only when
the order of steps in `app.jobs.workflow` changes."""
SCHEMA = "dbos"
AT_ONCE = 1
"""Jobs that a worker runs beside each other."""
POLL_S = 0.5
"""How often a worker looks for a waiting job."""
MIGRATIONS = 125
"""How many DBOS has of its own. Known here, so that a start on tables that are up to date need not import it."""


def _workflow_table(schema: str | None) -> Table:
    return Table(
        "workflow_status",
        MetaData(schema=schema),
        Column("workflow_uuid", Text, primary_key=True),
        Column("status", Text),
        Column("executor_id", Text),
        Column("application_name", Text),
    )


_WORKFLOWS = {"sqlite": _workflow_table(None), "postgresql": _workflow_table(SCHEMA)}


def workflows_of(engine: Engine) -> Table:
    """Return DBOS's table of workflows, with the columns that we read; only DBOS writes it."""
    return _WORKFLOWS[engine.dialect.name]


@lru_cache(maxsize=8)
def client_of(engine: Engine) -> DBOSClient:
    """Return the client of `engine`, which starts no threads and connects when used."""
    from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415  slow to import

    return DBOSClient(
        system_database_engine=engine,
        dbos_system_schema=SCHEMA,
        serializer=DBOSPortableJSONSerializer(),  # where DBOS's own default is pickle
        application_name=APPLICATION,
        lazy=True,
        retry_connection_errors=False,
    )


def make_job_engine(database: Database) -> Engine:
    """Create an engine on which DBOS itself says when a transaction begins.

    `Database.engine` begins every transaction with BEGIN IMMEDIATE; DBOS's migrations say so themselves, and its
    polling reads should take no write lock. SQLite's driver is set up as DBOS does for engines of its own.
    """
    if not database.is_sqlite:
        return create_engine(database.url, pool_size=10, max_overflow=10, pool_pre_ping=True)
    engine = create_engine(database.url, module=sqlite_module(), pool_size=10, max_overflow=20)

    @event.listens_for(engine, "connect")
    def prepare(connection, _record) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        connection.isolation_level = "IMMEDIATE"
        set_pragmas(connection)

    return engine


def prepare_job_tables(database: Database) -> None:
    """Create or migrate DBOS's tables and name our queue; what is up to date is left as it is."""
    if are_prepared(database.engine):
        return
    engine = make_job_engine(database)
    try:
        client = client_of(engine)
        client._sys_db.run_migrations()  # noqa: SLF001  the public call opens an engine of its own
        client.register_queue(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL_S)
    finally:
        engine.dispose()


def are_prepared(engine: Engine) -> bool:
    """Whether DBOS's tables are those of its version that we use, and hold our queue as it is named here."""
    schema = None if engine.dialect.name == "sqlite" else SCHEMA
    if not inspect(engine).has_table("dbos_migrations", schema):
        return False
    tables = MetaData(schema=schema)
    migrations = Table("dbos_migrations", tables, Column("version", Integer))
    queues = Table(
        "queues",
        tables,
        Column("name", Text),
        Column("worker_concurrency", Integer),
        Column("polling_interval_sec", Float),
    )
    with engine.connect() as connection:
        version = connection.scalar(select(migrations.c.version))
        if version != MIGRATIONS:
            return False
        found = connection.execute(select(queues).where(queues.c.name == QUEUE)).one_or_none()
    return found == (QUEUE, AT_ONCE, POLL_S)
