"""The job engine's own view of the database: DBOS and its tables, which no model of ours describes."""

from __future__ import annotations

from functools import lru_cache

from dbos import DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy import Column, Engine, MetaData, Table, Text, create_engine, event

from app.db import BUSY_TIMEOUT_MS, Database, sqlite_module

APPLICATION = "squint"
QUEUE = "training"
WORKFLOW = "job"
WORKFLOW_VERSION = "1"
"""Pinned: by default DBOS recovers no job that was started before the program was edited. Raise it only when
the order of steps in `app.jobs.workflow` changes."""
SCHEMA = "dbos"
POLL_S = 0.5
"""How often a worker looks for a waiting job."""
SERIALIZER = DBOSPortableJSONSerializer()
"""JSON, where DBOS's own default is pickle."""


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
    return DBOSClient(
        system_database_engine=engine,
        dbos_system_schema=SCHEMA,
        serializer=SERIALIZER,
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
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=wal",
            "synchronous=full",
            "foreign_keys=on",
        ):
            connection.execute(f"pragma {pragma}")

    return engine


def prepare_job_tables(database: Database) -> None:
    """Create or migrate DBOS's tables and name our queue; what is up to date is left as it is."""
    engine = make_job_engine(database)
    try:
        client = client_of(engine)
        client._sys_db.run_migrations()  # noqa: SLF001  the public call opens an engine of its own
        client.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLL_S)
    finally:
        engine.dispose()
