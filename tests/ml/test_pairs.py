"""Better means better: the test is McNemar's, or honest about groups, and corrected for several comparisons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from ml.metrics.pairs import Pair, compare, holm


def pair_of(only_first: int, only_second: int, both: int = 50, groups: list[str] | None = None) -> Pair:
    first = np.repeat([True, False, True], [only_first, only_second, both])
    second = np.repeat([False, True, True], [only_first, only_second, both])
    return compare(first, second, groups or [str(i) for i in range(len(first))])


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60))
def test_where_images_stand_alone_it_is_mcnemars_exact_test(first: int, second: int):
    found = pair_of(first, second)
    assert not found.by_group
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert found.p == pytest.approx(expected)


def test_a_group_is_one_witness_however_many_images_it_has():
    alone = pair_of(12, 2)
    assert alone.p < 0.05
    one_face = pair_of(12, 2, groups=["face"] * 12 + [str(i) for i in range(52)])
    assert one_face.by_group
    assert one_face.p > 0.05
    pairs_of_eyes = pair_of(12, 2, groups=[str(i // 2) for i in range(64)])
    assert alone.p < pairs_of_eyes.p < one_face.p


def test_thousands_of_parting_images_are_told_by_the_normal_distribution_just_as_well():
    groups = [str(i // 2) for i in range(20_050)]
    found = pair_of(10_300, 9_700, groups=groups)
    assert found.p == pytest.approx(2 * 0.00135, rel=0.3)


def test_holms_correction_of_a_textbook_case_keeps_the_order():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
