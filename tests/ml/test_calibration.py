"""A labeler's own probabilities mean what they say, useless labelers weigh nothing, folds keep groups whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.calibration import fit_weights, influence, make_folds, probabilities, weigh


def opinions(count: int, sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of two classes, and true log-odds `[count, 2]` scaled by `sharpness`."""
    random = np.random.default_rng(seed)
    truth = random.normal(0, 2.5, count)
    labels = (random.random(count) < 1 / (1 + np.exp(-truth))).astype(np.int64)
    return labels, (np.stack([0 * truth, truth], 1) * sharpness).astype(np.float32)


@pytest.mark.parametrize("sharpness", [0.2, 1.0, 5.0])
def test_overconfident_and_shy_logits_become_honest(sharpness: float):
    labels, logits = opinions(2000, sharpness)
    found = probabilities(logits[None], fit_weights(logits[None], labels))
    assert abs((1 - found.max(1)).mean() - (found.argmax(1) != labels).mean()) < 0.01
    assert np.allclose(found.sum(1), 1, atol=1e-5)


def test_a_labeler_that_earns_nothing_weighs_nothing():
    labels, good = opinions(1000, 1.0)
    backwards = -0.5 * good + np.random.default_rng(1).normal(0, 1, good.shape)
    logits = np.stack([good, backwards]).astype(np.float32)
    weights = weigh(logits, labels, np.ones(1000), [0.5, 0.5])
    assert weights.tolist() == [1, 0]
    assert influence(logits, weights).tolist() == [1, 0]


def test_trust_fades_as_proof_comes_in():
    parts = []
    for count in (20, 3000):
        labels, good = opinions(count, 1.0)
        vague = good + np.random.default_rng(1).normal(0, 6, good.shape)
        logits = np.stack([good, vague]).astype(np.float32)
        parts.append(influence(logits, weigh(logits, labels, np.ones(count), [0.3, 0.7]))[1])
    assert parts[0] > 0.4
    assert parts[1] < 0.1


def test_faultless_answers_still_leave_doubt():
    labels = np.arange(100) % 2
    logits = np.stack([1.0 - labels, labels], 1)[None].astype(np.float32)
    best = probabilities(logits, fit_weights(logits, labels)).max()
    assert 0.98 < best < 0.9999


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=4, max_size=60), st.integers(2, 5))
def test_folds_keep_groups_whole(rows: list[tuple[int, int]], count: int):
    labels, groups = [label for label, _group in rows], [f"face{group}" for _label, group in rows]
    folds = make_folds(np.arange(len(rows)), labels, groups, count, 0)
    for group in set(groups):
        assert len({int(f) for f, g in zip(folds, groups, strict=True) if g == group}) == 1
    assert 0 <= folds.min() <= folds.max() < count


def test_folds_spread_every_class():
    labels = [0] * 40 + [1] * 10
    folds = make_folds(np.arange(50), labels, [str(i) for i in range(50)], 5, 3)
    assert all(
        np.bincount(folds[np.array(labels) == c], minlength=5).tolist() == [n] * 5 for c, n in ((0, 8), (1, 2))
    )
