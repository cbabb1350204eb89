"""Which key answers with which class."""

from __future__ import annotations

from collections.abc import Collection, Iterable

RESERVED = frozenset(" ?cxmfvuzpg+-=,.")
"""What the review screen does by itself: can't tell, help, and the ways of seeing better."""
PREFERRED = "1234567890abdehijklnoqrstwy"
MOST_CLASSES = len(PREFERRED)


def free_keys(taken: Iterable[str], count: int) -> list[str]:
    """Return `count` keys that are not taken, digits first."""
    used = set(taken)
    return [key for key in PREFERRED if key not in used][:count]


def key_problem(key: str, taken: Collection[str]) -> str | None:
    """Say in a sentence why `key` cannot be a class's key; None if it can. Case does not count."""
    if len(key) != 1 or not key.isprintable() or not key.isascii():
        return "A key is one character that a keyboard has."
    if key in RESERVED:
        return f"The review screen uses the key {key} itself." if key != " " else "Space means can't tell."
    if key in taken:
        return f"The key {key} answers with another class."
    return None
