"""Brings a database to the newest schema, or refuses with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from app.config import REPOSITORY
from app.db import Database
from app.errors import StartError
from app.models import Base


def alembic_config(connection: Connection) -> Config:
    config = Config(toml_file=REPOSITORY / "pyproject.toml")
    config.attributes["connection"] = connection
    return config


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the job engine's own tables alone: they share the SQLite file."""
    return kind != "table" or name in Base.metadata.tables


def upgrade(database: Database, revision: str = "head") -> None:
    """Run the missing migrations in one transaction; a database of a newer Squint is refused."""
    _migrate(database, command.upgrade, revision)


def downgrade(database: Database, revision: str) -> None:
    _migrate(database, command.downgrade, revision)


def _migrate(database: Database, run: Callable[[Config, str], None], revision: str) -> None:
    with without_foreign_keys(database) as connection:
        try:
            with connection.begin():
                run(alembic_config(connection), revision)
                _check_foreign_keys(connection, database)
        except CommandError as error:
            raise StartError(
                "This database was made by a newer Squint; install that version, or restore a backup."
            ) from error


@contextmanager
def without_foreign_keys(database: Database) -> Iterator[Connection]:
    """Yield a connection on which SQLite lets a table be rebuilt.

    With foreign keys on, dropping the old copy deletes its children by ON DELETE CASCADE, without a word.
    """
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            yield connection
            return
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101  a checked-out connection has one
        # The pragma does nothing inside a transaction, so it goes straight to the driver.
        driver.execute("pragma foreign_keys=off")
        try:
            yield connection
        finally:
            driver.execute("pragma foreign_keys=on")


def _check_foreign_keys(connection: Connection, database: Database) -> None:
    if database.is_sqlite and connection.exec_driver_sql("pragma foreign_key_check").first():
        raise StartError("A migration would leave rows without their parent; nothing was changed.")


def is_current(connection: Connection) -> bool:
    """Whether the schema is the one that this program expects."""
    head = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head
