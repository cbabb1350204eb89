"""Who trains and who judges never share a group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.errors import RunError
from ml.splitting import check_classes, split_rows


def test_a_hundred_seeds_become_eighty_and_twenty_with_both_classes_in_each():
    labels = [i % 2 for i in range(100)]
    rest, held = split_rows(np.arange(100), labels, [str(i) for i in range(100)], 0.2, seed=0)
    assert (len(rest), len(held)) == (80, 20)
    assert {labels[row] for row in held} == {labels[row] for row in rest} == {0, 1}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=30, max_size=120), st.integers(0, 5))
def test_no_group_is_ever_in_both_parts_and_nothing_is_lost(rows: list[tuple[int, int]], seed: int):
    labels, groups = [c for c, _ in rows], [str(g) for _, g in rows]
    try:
        rest, held = split_rows(np.arange(len(rows)), labels, groups, 0.2, seed)
    except RunError:
        return
    assert not {groups[r] for r in rest} & {groups[r] for r in held}
    assert {labels[r] for r in rest} == set(labels)
    assert len(held)
    assert sorted([*rest, *held]) == list(range(len(rows)))


def test_every_class_stays_in_the_training_part():
    labels = [0] * 50 + [1, 1]
    rest, _held = split_rows(np.arange(52), labels, [str(i) for i in range(52)], 0.2, seed=3)
    assert {labels[row] for row in rest} == {0, 1}


def test_the_same_seed_gives_the_same_split_and_another_gives_another():
    labels, groups = [i % 2 for i in range(60)], [str(i // 2) for i in range(60)]
    held = [split_rows(np.arange(60), labels, groups, 0.2, seed)[1].tolist() for seed in (1, 1, 2)]
    assert held[0] == held[1] != held[2]


@pytest.mark.parametrize(
    ("labels", "says"),
    [([0] * 10, "at least two classes"), ([0] * 9 + [1], "at least 2 independent images of every class")],
)
def test_too_little_to_learn_from_is_one_sentence(labels: list[int], says: str):
    with pytest.raises(RunError, match=says):
        split_rows(np.arange(10), labels, [str(i) for i in range(10)], 0.2, 0)


def test_two_large_groups_are_still_parted():
    labels, groups = [i % 2 for i in range(40)], ["left"] * 25 + ["right"] * 15
    rest, held = split_rows(np.arange(40), labels, groups, 0.2, seed=0)
    assert (len(rest), len(held)) == (25, 15)


def test_the_sentence_names_the_class_that_is_too_small():
    labels = [0] * 9 + [1, 1]
    with pytest.raises(RunError, match="3 independent images of every class, and of open there are only two"):
        check_classes(np.arange(11), labels, [str(i) for i in range(11)], 3, ["closed", "open"])


def test_shares_hold_for_many_classes_and_groups_of_two():
    random = np.random.default_rng(0)
    labels = np.repeat(random.choice(5, 1000, p=[0.4, 0.3, 0.15, 0.1, 0.05]), 2).tolist()
    groups = [str(i // 2) for i in range(2000)]
    _rest, held = split_rows(np.arange(2000), labels, groups, 0.2, seed=4)
    for c in range(5):
        share = sum(labels[row] == c for row in held) / labels.count(c)
        assert share == pytest.approx(0.2, abs=0.02)
