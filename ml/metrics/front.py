"""Which models nothing beats: no other is both cheaper and better."""

from __future__ import annotations

from collections.abc import Sequence


def on_front(costs: Sequence[float | None], errors: Sequence[float | None]) -> list[bool]:
    """Tell for each model whether no other has at most its cost and its error, and one of them lower.

    A model with an unknown figure is never on the front, and never beats another.
    """
    known = [(c, e) for c, e in zip(costs, errors, strict=True) if c is not None and e is not None]
    return [
        cost is not None
        and error is not None
        and not any((c, e) != (cost, error) and c <= cost and e <= error for c, e in known)
        for cost, error in zip(costs, errors, strict=True)
    ]
