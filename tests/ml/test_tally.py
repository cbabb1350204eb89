"""Counts on the grid are the counts of the scores themselves, and the curves made of them are scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ml.metrics import GRID, Tally, confusion_at


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=60), st.integers(0, 1000)
)
def test_every_multiple_of_a_thousandth_counts_exactly(rows: list[tuple[bool, float]], step: int):
    labels = np.array([int(p) for p, _ in rows])
    scores = np.array([s for _, s in rows] + [step / 1000], np.float32)[:-1]
    scores[0] = np.float32(step / 1000)
    tally = Tally.from_bytes(Tally.of(labels, np.stack([1 - scores, scores], 1), 1).to_bytes())
    assert tally.at(step / 1000) == confusion_at(labels == 1, scores, step / 1000)
    assert tally.counts.sum() == len(rows)


def test_curves_of_very_sure_models_lose_nothing_that_shows():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 4000)
    scores = (1 / (1 + np.exp(-(labels * 14 - 7 + random.normal(0, 4, 4000))))).astype(np.float32)
    tally = Tally.of(labels, np.stack([1 - scores, scores], 1), 1)
    # As the page's script sums them up: how many others, and own, score at or above each step of the grid.
    others, own = np.cumsum(tally.counts[0, :, ::-1], axis=1)[:, ::-1].astype(float)
    false, true = np.append(others, 0) / others[0], np.append(own, 0) / own[0]
    assert sk.auc(false, true) == pytest.approx(sk.roc_auc_score(labels, scores), abs=2e-4)
    called = others + own > 0
    precision, recall = own[called] / (others + own)[called], own[called] / own[0]
    steps = -np.diff(recall, append=0)
    assert (steps * precision).sum() == pytest.approx(sk.average_precision_score(labels, scores), abs=1e-3)


def test_many_classes_have_a_column_each_and_one_for_being_right():
    random = np.random.default_rng(1)
    labels, probabilities = random.integers(0, 3, 300), random.dirichlet(np.ones(3), 300).astype(np.float32)
    tally = Tally.of(labels, probabilities, 2)
    assert tally.counts.shape == (4, 2, len(GRID))
    for c in range(3):
        assert tally.at(0.4, c) == confusion_at(labels == c, probabilities[:, c], 0.4)
    right = labels == probabilities.argmax(1)
    assert tally.at(0.5, 3).true_positive == (right & (probabilities.max(1) >= 0.5)).sum()
