"""Long work in parts: what a statement, a message or a moment of other people's patience can bear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
ROWS = 5_000
"""That a statement names by their ids at a time: below what the databases allow as parameters."""


def in_parts(items: Sequence[Item], most: int = ROWS) -> Iterator[Sequence[Item]]:
    """Yield `most` of them at a time, in their order."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


def in_batches(
    items: Iterable[Item], size_of: Callable[[Item], int], *, most: int, most_bytes: int
) -> Iterator[list[Item]]:
    """Yield up to `most` of them at a time, fewer where one, the last then, takes them over `most_bytes`."""
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += size_of(item)
        if len(batch) == most or size > most_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
