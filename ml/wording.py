"""How sentences join what they name; no dependencies."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str], last: str = " and ") -> str:
    """`["a", "b", "c"]` → `a, b and c`."""
    return last.join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])
