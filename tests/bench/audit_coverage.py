"""How often the audit's bounds hold, over 200 simulated projects of each kind; 0.95 is promised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.audit import TARGETS, most_wrong, most_wrong_at_any_look, sample_size, upper_bound
from tests.bench.stage import tell

PROJECTS, LOOK_EVERY = 200, 10
SIZES = [sample_size(wrong, target) for target in TARGETS for wrong in range(3)]
Sample = NDArray[np.bool_]
"""Whether each label of a pile is wrong, in the order of drawing."""


LOOP_PILES = [(2731, 25), (2587, 9), (2838, 5), (3095, 14), (3265, 19)]
"""Accepted, and of these wrong by annotator A, after 100 to 300 answers on the real eyes in the app."""


def main() -> None:
    random = np.random.default_rng(0)
    for source, piles in (
        ("drawn", [_pile(random) for _ in range(PROJECTS)]),
        ("loop", [LOOP_PILES[i % len(LOOP_PILES)] for i in range(PROJECTS)]),
    ):
        _cover(source, piles, random)


def _cover(source: str, piles: Sequence[tuple[int, int]], random: np.random.Generator) -> None:
    drawn = [random.permutation(np.arange(pile) < wrong) for pile, wrong in piles]
    sizes = [min(int(random.choice(SIZES)), pile) for pile, _wrong in piles]
    tell(
        "audit_coverage",
        piles=source,
        projects=PROJECTS,
        fixed_size=_share(_holds, drawn, sizes),
        fixed_size_finite_pile=_share(_holds_exactly, drawn, sizes),
        any_look=_share(_holds_at_every_look, drawn, sizes),
    )


def _pile(random: np.random.Generator) -> tuple[int, int]:
    """A pile of 200 to 10,000 labels, of which 0.1 to 8 % are wrong."""
    size = int(10 ** random.uniform(2.3, 4))
    return size, int(size * 10 ** random.uniform(-3, -1.1))


def _share(holds: Callable[[Sample, int], bool], drawn: Sequence[Sample], sizes: Sequence[int]) -> float:
    return round(float(np.mean([holds(each, size) for each, size in zip(drawn, sizes, strict=True)])), 3)


def _holds(drawn: Sample, size: int) -> bool:
    return upper_bound(int(drawn[:size].sum()), size) * len(drawn) >= drawn.sum()


def _holds_exactly(drawn: Sample, size: int) -> bool:
    return most_wrong(int(drawn[:size].sum()), size, len(drawn)) >= int(drawn.sum())


def _holds_at_every_look(drawn: Sample, size: int) -> bool:
    looks = range(LOOK_EVERY, size + 1, LOOK_EVERY)
    return all(most_wrong_at_any_look(int(drawn[:n].sum()), n, len(drawn)) >= int(drawn.sum()) for n in looks)


if __name__ == "__main__":
    main()
