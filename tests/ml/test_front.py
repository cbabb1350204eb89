"""A model is on the front when no other is both cheaper and better."""

from __future__ import annotations

from ml.metrics.front import on_front


def test_only_what_nothing_beats_is_on_the_front():
    assert on_front([1.0, 2.0, 3.0, 2.5], [0.05, 0.03, 0.01, 0.04]) == [True, True, True, False]


def test_equals_stand_side_by_side_and_a_tie_in_one_figure_goes_to_the_better_other():
    assert on_front([1.0, 1.0], [0.02, 0.02]) == [True, True]
    assert on_front([1.0, 1.0], [0.02, 0.03]) == [True, False]


def test_a_model_without_a_figure_is_not_on_it_and_beats_nobody():
    assert on_front([None, 2.0, 1.0], [0.0, 0.5, None]) == [False, True, False]
    assert on_front([], []) == []
