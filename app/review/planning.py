"""How large a sample has to be, and how likely it is to show what one hopes for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ml.audit import MOST_ALLOWED, TARGETS, chance_to_pass, sample_size

GUESSED_SHARE = 0.005
"""How many labels may be wrong, where the labelers estimate nothing."""
ALLOWED = 2
"""So many wrong ones in a sample of the usual size: for 2 %, certified three times in four at half a percent."""


@dataclass(frozen=True)
class Choice:
    """A sample of `size` shows at most the row's share, if no more than `allowed` of it are wrong."""

    allowed: int
    size: int
    power: float
    """How likely it does, if as many are wrong as expected."""
    fits: bool
    """Whether the pile has so many labels."""


@dataclass(frozen=True)
class Row:
    target: float
    wanted: bool
    """Whether it is what the project aims at."""
    choices: list[Choice]


def plans(pile: int, expected: float, wanted: float) -> list[Row]:
    """Return what a fixed size can show of a pile of which a share of `expected` is wrong.

    `wanted`: the project's own aim, a row of its own among the usual ones.
    """
    return [
        Row(
            target,
            target == wanted,
            [
                Choice(allowed, size, chance_to_pass(allowed, size, expected), size <= pile)
                for allowed in range(MOST_ALLOWED + 1)
                if (size := needed(allowed, target))
            ],
        )
        for target in sorted({*TARGETS, wanted}, reverse=True)
    ]


@cache
def needed(allowed: int, target: float) -> int:
    return sample_size(allowed, target)


def usual_size(pile: int, target: float) -> int:
    """Return the largest of the usual sizes that a pile has, or the whole of a smaller one."""
    return max((size for wrong in range(ALLOWED + 1) if (size := needed(wrong, target)) <= pile), default=pile)
