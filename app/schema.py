"""Brings a database to the newest schema, or refuses with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, inspect, text

from app.config import REPOSITORY
from app.db import Database
from app.errors import StartError
from app.models import Base

if TYPE_CHECKING:
    from alembic.config import Config


def alembic_config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415  slow to import, and seldom needed

    config = Config(toml_file=REPOSITORY / "pyproject.toml")
    config.attributes["connection"] = connection
    return config


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the job engine's own tables alone: they share the SQLite file."""
    return kind != "table" or name in Base.metadata.tables


def upgrade(database: Database) -> None:
    """Run the missing migrations in one transaction; a database of a newer Squint is refused."""
    with database.read() as session:
        if is_current(session.connection()):
            return
    _migrate(database, "upgrade", "head")


def downgrade(database: Database, revision: str) -> None:
    _migrate(database, "downgrade", revision)


def _migrate(database: Database, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    from alembic import command  # noqa: PLC0415  slow to import, and seldom needed
    from alembic.util import CommandError  # noqa: PLC0415

    with without_foreign_keys(database) as connection:
        try:
            with connection.begin():
                getattr(command, direction)(alembic_config(connection), revision)
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
    """Whether the schema is the one that this program expects: told by the names of the migrations' files."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return bool(connection.scalar(text("select version_num from alembic_version")) == newest_revision())


def newest_revision() -> str:
    """Return the schema's revision in this program; later ones sort behind it."""
    return max(path.name.partition("_")[0] for path in (REPOSITORY / "migrations/versions").glob("*.py"))
