from __future__ import annotations

import numpy as np

from ml.consensus import UNCLEAR, agreed_class, cross_table, joint_doubt

FIRST = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)
SECOND = np.array([[0.7, 0.3], [0.4, 0.6], [0.1, 0.9]], np.float32)


def test_the_same_first_choice_is_accepted_and_another_is_unclear():
    assert agreed_class([FIRST, SECOND]).tolist() == [0, 1, UNCLEAR]


def test_the_cross_table_counts_first_against_second():
    assert cross_table(FIRST, SECOND).tolist() == [[1, 1], [0, 1]]


def test_doubt_is_one_for_an_even_opinion_and_none_for_a_certain_one():
    even, sure = np.array([[0.5, 0.5]], np.float32), np.array([[1.0, 0.0]], np.float32)
    assert joint_doubt([even, even])[0] == 1
    assert joint_doubt([sure, sure])[0] < 1e-6
