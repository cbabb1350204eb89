"""The bounds on a pile's errors are exact, and hold as often as they say: counted out, not simulated."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from ml.audit import (
    TARGETS,
    chance_to_pass,
    interval,
    most_wrong,
    most_wrong_at_any_look,
    sample_size,
    upper_bound,
)

PILE = 60
Bound = Callable[[int, int, int], float]


def test_sample_sizes_are_those_of_the_published_tables():
    assert [[sample_size(wrong, target) for wrong in range(4)] for target in TARGETS] == [
        [59, 93, 124, 153],
        [99, 157, 208, 257],
        [149, 236, 313, 386],
        [299, 473, 628, 773],
    ]


def test_two_of_236_wrong_bounds_the_pile_at_2_65_percent():
    assert upper_bound(2, 236) == pytest.approx(0.0265, abs=5e-4)


@pytest.mark.parametrize(
    ("wrong", "checked", "bound", "both"),
    [
        (0, 1, 0.95, (0, 0.975)),
        (0, 59, 0.0495076099, (0, 0.0606089010)),
        (7, 300, 0.0433786756, (0.0094315021, 0.047482565)),
        (399, 400, 0.9998717750, (0.9861502300, 0.9999367075)),
        (5, 100_000, 0.0001051275, (0.0000162351, 0.0001166794)),
    ],
)
def test_the_bounds_are_scipys(wrong: int, checked: int, bound: float, both: tuple[float, float]):
    assert upper_bound(wrong, checked) == pytest.approx(bound)
    assert interval(wrong, checked) == pytest.approx(both, abs=1e-9)


def test_a_finite_pile_is_counted_exactly():
    """scipy.stats.hypergeom.cdf(2, 2437, bad, 236) passes 5 % between these two numbers of bad labels."""
    assert most_wrong(2, 236, 2437) == 62


def test_the_power_of_a_plan():
    assert chance_to_pass(2, 313, 0.005) == pytest.approx(0.792642729)
    assert (chance_to_pass(0, 149, 0), chance_to_pass(0, 149, 1)) == (1, 0)


def test_nothing_checked_promises_nothing_and_all_checked_leaves_nothing_open():
    assert upper_bound(0, 0) == 1
    assert interval(0, 0) == (0, 1)
    for bound in (most_wrong, most_wrong_at_any_look):
        assert bound(0, 0, PILE) == PILE
        assert bound(3, PILE, PILE) == 3


def test_a_bound_for_any_look_is_never_tighter_than_one_for_a_fixed_size():
    for wrong, checked in ((0, 149), (2, 313), (9, 400)):
        assert most_wrong_at_any_look(wrong, checked, 3000) > most_wrong(wrong, checked, 3000)


def missed(bound: Bound, bad: int, looks: set[int]) -> float:
    """Return how likely the bound is below the truth at one of the looks, over every order of drawing."""
    reached = {0: 1.0}
    lost = 0.0
    for drawn in range(PILE):
        after: dict[int, float] = {}
        for wrong, chance in reached.items():
            hit = (bad - wrong) / (PILE - drawn)
            for now, part in ((wrong + 1, chance * hit), (wrong, chance * (1 - hit))):
                if part > 0:
                    after[now] = after.get(now, 0.0) + part
        if drawn + 1 in looks:
            low = {wrong for wrong in after if bound(wrong, drawn + 1, PILE) < bad}
            lost += sum(after.pop(wrong) for wrong in low)
        reached = after
    return lost


@cache
def of_pile(wrong: int, checked: int, pile: int) -> float:
    return upper_bound(wrong, checked) * pile


@pytest.mark.parametrize("bound", [most_wrong, of_pile])
@pytest.mark.parametrize("size", [10, 29, 45])
def test_a_bound_of_a_fixed_size_holds_in_95_of_100_audits_whatever_the_pile(bound: Bound, size: int):
    assert max(missed(bound, bad, {size}) for bad in range(PILE + 1)) <= 0.05 + 1e-9


def test_a_bound_for_any_look_holds_at_all_looks_together_whatever_the_pile():
    looks = set(range(1, PILE + 1))
    assert max(missed(most_wrong_at_any_look, bad, looks) for bad in range(0, PILE + 1, 3)) <= 0.05


def test_looking_again_and_again_breaks_the_bound_of_a_fixed_size():
    assert missed(most_wrong, 6, set(range(1, PILE + 1))) > 0.1


def test_the_bounds_hold_in_200_projects_drawn_at_random():
    """Piles as loops leave them: 200 to 4,000 labels, 0.1 to 8 % of them wrong."""
    random = np.random.default_rng(4)
    held = {"fixed": 0, "any look": 0}
    for _ in range(200):
        pile = int(random.integers(200, 4000))
        bad = int(pile * 10 ** random.uniform(-3, -1.1))
        drawn = random.permutation(np.arange(pile) < bad)
        size = min(int(random.choice([59, 149, 236, 313])), pile)
        held["fixed"] += most_wrong(int(drawn[:size].sum()), size, pile) >= bad
        looks = range(25, size + 1, 25)
        held["any look"] += all(most_wrong_at_any_look(int(drawn[:n].sum()), n, pile) >= bad for n in looks)
    assert all(count >= 190 for count in held.values())
