"""The bound on a pile's errors is exact."""

from __future__ import annotations

import pytest

from ml.audit import interval, sample_size, upper_bound


@pytest.mark.parametrize(
    ("target", "sizes"),
    [
        (0.05, [59, 93, 124, 153]),
        (0.03, [99, 157, 208, 257]),
        (0.02, [149, 236, 313, 386]),
        (0.01, [299, 473, 628, 773]),
    ],
)
def test_sample_sizes_are_those_of_the_published_tables(target: float, sizes: list[int]):
    assert [sample_size(wrong, target) for wrong in range(4)] == sizes


def test_two_of_236_wrong_bounds_the_pile_at_2_65_percent():
    assert upper_bound(2, 236) == pytest.approx(0.0265, abs=5e-4)


def test_nothing_checked_promises_nothing():
    assert upper_bound(0, 0) == 1
    assert interval(0, 0) == (0, 1)
