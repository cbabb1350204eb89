"""Every migration goes up, down and up again on a filled database without losing a row, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text
from sqlalchemy.orm import Session

from app.db import Database
from app.errors import StartError
from app.models import Base
from app.schema import (
    alembic_config,
    downgrade,
    include_name,
    is_current,
    upgrade,
    without_foreign_keys,
)
from tests.filled import fill_every_table


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def revisions(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
    return [revision.revision for revision in script.walk_revisions()]


def row_counts(session: Session) -> dict[str, int]:
    return {
        name: session.scalar(select(func.count()).select_from(table)) or 0
        for name, table in Base.metadata.tables.items()
    }


def test_there_is_one_head(database: Database):
    with database.engine.connect() as connection:
        assert len(ScriptDirectory.from_config(alembic_config(connection)).get_heads()) == 1


def test_the_migrations_make_exactly_the_models_tables(database: Database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": include_name})
        assert compare_metadata(context, Base.metadata) == []
        assert is_current(connection)


def test_each_step_down_and_up_keeps_every_row_that_its_tables_still_hold(database: Database):
    with database.write() as session:
        fill_every_table(session)
    with database.read() as session:
        before = row_counts(session)
    assert all(before.values()), f"not filled: {[name for name, count in before.items() if not count]}"
    held = set(before)
    for revision in revisions(database)[1:]:
        downgrade(database, revision)
        with database.engine.connect() as connection:
            held &= set(inspect(connection).get_table_names())
        upgrade(database)
        with database.read() as session:
            after = row_counts(session)
        assert {name: after[name] for name in held} == {name: before[name] for name in held}


def test_the_first_tables_come_and_go(database: Database):
    downgrade(database, "base")
    upgrade(database)
    with database.engine.connect() as connection:
        assert is_current(connection)


def test_a_database_of_a_newer_squint_is_refused_in_one_sentence(database: Database):
    with database.write() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(StartError, match="newer Squint"):
        upgrade(database)


def test_a_rebuilt_table_takes_no_children_along(database: Database):
    """Alembic's table rebuild drops the old table: with foreign keys on, its children would go too."""
    with database.write() as session:
        fill_every_table(session)
    with database.read() as session:
        before = row_counts(session)
    with without_foreign_keys(database) as connection, connection.begin():
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("image", recreate="always" if database.is_sqlite else "auto"):
            pass
    with database.read() as session:
        assert row_counts(session) == before
