"""The doubtful come first, twins apart; what is accepted keeps its promise."""

from __future__ import annotations

import numpy as np

from ml.selection import accept, doubt, priorities


def even(*first: float) -> np.ndarray:
    """Probabilities `[N, 2]` of which the first class's are given."""
    return np.array([[p, 1 - p] for p in first], np.float32)


def test_the_closest_call_is_the_most_doubtful_and_contradiction_adds():
    found = doubt(even(0.99, 0.5, 0.9, 1.0), [])
    assert np.argsort(-found).tolist() == [1, 2, 0, 3]
    assert np.isfinite(found).all()
    same, other = even(0.9, 0.9), even(0.9, 0.1)
    disputed = doubt(same, [same, other])
    assert disputed[1] > disputed[0]


def test_near_twins_do_not_follow_each_other():
    features = np.array([[0, 0], [0, 0.01], [9, 0], [0, 9], [-9, 0]], np.float32)
    order = np.argsort(
        -priorities(np.array([-0.1, -0.11, -0.5, -0.6, -0.7], np.float32), features, np.array([], int))
    )
    assert order[0] == 0
    assert order[1] != 1


def test_what_is_answered_comes_last_and_every_image_has_its_own_place():
    random = np.random.default_rng(0)
    found = priorities(random.normal(size=900).astype(np.float32), random.normal(size=(900, 3)), np.arange(50))
    assert len(set(found.tolist())) == 900
    assert found[:50].max() < found[50:].min()
    assert found.dtype == np.float32
    assert 0 < found.min() <= found.max() == 1


def test_all_images_alike_are_ordered_too():
    assert max(priorities(np.zeros(8, np.float32), np.zeros((8, 4), np.float32), np.arange(2))) == 1


def test_the_accepted_pile_is_the_largest_that_is_expected_to_stay_well_under_the_target():
    random = np.random.default_rng(0)
    wrong = (1 - random.uniform(0, 1, 3000) ** 0.05) / 2
    taken = accept(wrong, np.ones(3000, bool), 0.02)
    assert wrong[taken].mean() <= 0.01 < (wrong[taken].sum() + wrong[~taken].min()) / (taken.sum() + 1)
    assert wrong[taken].max() <= wrong[~taken].min()


def test_only_candidates_are_accepted():
    wrong = np.full(10, 0.001)
    assert accept(wrong, np.arange(10) < 4, 0.01).tolist() == [True] * 4 + [False] * 6
    assert not accept(wrong, np.zeros(10, bool), 0.01).any()
