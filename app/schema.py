"""Brings a database to the newest schema, or refuses with a sentence."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from app.config import REPOSITORY
from app.db import Database
from app.errors import StartError


def alembic_config(connection: Connection) -> Config:
    config = Config(toml_file=REPOSITORY / "pyproject.toml")
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Run the missing migrations in one transaction; a database of a newer Squint is refused."""
    _migrate(database, command.upgrade, revision)


def downgrade(database: Database, revision: str) -> None:
    _migrate(database, command.downgrade, revision)


def _migrate(database: Database, run: object, revision: str) -> None:
    with database.engine.connect() as connection:
        if database.is_sqlite:
            # A rebuilt table would take its children along by ON DELETE CASCADE.
            _foreign_keys(connection, on=False)
        try:
            with connection.begin():
                run(alembic_config(connection), revision)  # type: ignore[operator]
                _check_foreign_keys(connection, database)
        except CommandError as error:
            raise StartError(
                "This database was made by a newer Squint; install that version, or restore a backup."
            ) from error
        finally:
            if database.is_sqlite:
                _foreign_keys(connection, on=True)


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    # The pragma does nothing inside a transaction, so it goes to the driver's connection.
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101  a checked-out connection has one
    driver.execute(f"pragma foreign_keys={'on' if on else 'off'}")


def _check_foreign_keys(connection: Connection, database: Database) -> None:
    if database.is_sqlite and connection.exec_driver_sql("pragma foreign_key_check").first():
        raise StartError("A migration would leave rows without their parent; nothing was changed.")


def is_current(connection: Connection) -> bool:
    """Whether the schema is the one that this program expects."""
    head = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head
