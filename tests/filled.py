"""A row in every table, in the order in which tables depend on each other: what a migration must not lose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, insert
from sqlalchemy.orm import Session

from app.models import Base
from app.models.base import UtcDateTime

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def fill_every_table(session: Session) -> None:
    for table in Base.metadata.sorted_tables:
        session.execute(insert(table).values({c.name: example(c) for c in table.columns}))


def example(column: Column[Any]) -> Any:
    """Return a value that fits the column; every id is 1, so that the rows point at each other."""
    if column.foreign_keys:
        return example(next(iter(column.foreign_keys)).column)
    if column.primary_key and column.type.python_type is int:
        return 1
    if isinstance(column.type, UtcDateTime):
        return MOMENT
    if isinstance(column.type, JSON):
        return {"a": [1, "x"]}
    values: dict[type, Any] = {int: 7, float: 0.5, str: "x", bytes: b"\0\1", bool: True}
    return values[column.type.python_type]
