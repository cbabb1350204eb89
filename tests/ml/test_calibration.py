"""Probabilities mean what they say, useless labelers weigh nothing, folds keep groups whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.calibration import fit_weights, influence, make_folds, probabilities, prove, stand_for


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
    weights = prove(logits, labels, np.ones(1000), [0.5, 0.5]).weights()
    assert weights[1] == 0 < weights[0]
    assert influence(logits, weights).tolist() == [1, 0]


def test_trust_fades_as_proof_comes_in():
    parts = []
    for count in (20, 3000):
        labels, good = opinions(count, 1.0)
        vague = good + np.random.default_rng(1).normal(0, 6, good.shape)
        logits = np.stack([good, vague]).astype(np.float32)
        parts.append(influence(logits, prove(logits, labels, np.ones(count), [0.3, 0.7]).weights())[1])
    assert parts[0] > 0.4
    assert parts[1] < 0.1


def test_hard_answers_that_were_asked_for_do_not_make_the_pile_look_hard():
    """Near the border a coin decides, and there the labelers ask; the rest is told without fault."""
    off: list[list[float]] = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        truth = random.uniform(-3, 3, 4000)
        labels = np.where(np.abs(truth) < 0.3, random.random(4000) < 0.5, truth > 0).astype(np.int64)
        logits = np.stack([0 * truth, truth], 1).astype(np.float32)[None]
        rest = np.arange(50, 4000)
        rows = np.concatenate([np.arange(50), rest[np.argsort(np.abs(truth[rest]))][:350]])
        at_random = rows < 50
        times = np.where(at_random, 10.0, 1.0)
        told = (
            prove(logits[:, rows], labels[rows], times, [1.0], stands_for).weights()
            for stands_for in (None, stand_for(at_random, 4000))
        )
        missed = ((truth > 0) != labels).mean()
        off.append([float(1 - probabilities(logits, weights).max(1).mean() - missed) for weights in told])
    without, with_them = np.abs(np.mean(off, axis=0))
    assert with_them < without / 2


def test_where_nothing_was_drawn_every_answer_stands_for_itself():
    assert stand_for(np.zeros(5, bool), 40).tolist() == [1.0] * 5
    assert stand_for(np.array([True, True, False]), 41).tolist() == [20.0, 20.0, 1.0]


def test_faultless_answers_still_leave_doubt():
    labels = np.arange(100) % 2
    logits = np.stack([1.0 - labels, labels], 1)[None].astype(np.float32)
    best = probabilities(logits, fit_weights(logits, labels)).max()
    assert 0.98 < best < 0.9999


def test_fewer_answers_leave_more_doubt_about_the_weights():
    spreads = []
    for count in (40, 1000):
        labels, logits = opinions(count, 1.0)
        groups = [str(i) for i in range(count)]
        spreads.append(prove(logits[None], labels, np.ones(count), [1.0]).redrawn(groups, 20, 0).std())
    assert spreads[0] > 2 * spreads[1]


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
