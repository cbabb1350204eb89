"""The figures are those of scikit-learn, the EER comes from scores, intervals respect groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ml.metrics import confusion_at, confusion_matrix, equal_error_rate, per_class, summarise


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=2, max_size=60), st.floats(0, 1))
def test_counts_at_any_threshold_are_scikit_learns(rows: list[tuple[bool, float]], threshold: float):
    positive = np.array([p for p, _ in rows])
    scores = np.array([s for _, s in rows], np.float32)
    found = confusion_at(positive, scores, threshold)
    said = scores >= np.float32(threshold)
    assert found.precision == pytest.approx(sk.precision_score(positive, said, zero_division=0))
    assert found.recall == pytest.approx(sk.recall_score(positive, said, zero_division=0))
    assert found.f1 == pytest.approx(sk.f1_score(positive, said, zero_division=0))
    assert found.accuracy == pytest.approx(sk.accuracy_score(positive, said))


def test_the_matrix_and_its_classes_are_scikit_learns():
    random = np.random.default_rng(0)
    labels, said = random.integers(0, 3, 200), random.integers(0, 3, 200)
    matrix = confusion_matrix(labels, said, 3)
    assert (matrix == sk.confusion_matrix(labels, said)).all()
    expected = sk.classification_report(labels, said, output_dict=True)
    for index, row in enumerate(per_class(matrix)):
        assert row["f1"] == pytest.approx(expected[str(index)]["f1-score"])


def test_the_equal_error_rate_of_a_known_case():
    """One of four positives below, one of four negatives above: a quarter each way."""
    positive = np.array([True] * 4 + [False] * 4)
    scores = np.array([0.9, 0.8, 0.7, 0.3, 0.6, 0.2, 0.1, 0.05])
    rate, threshold = equal_error_rate(positive, scores)
    assert rate == pytest.approx(0.25)
    assert 0.3 < threshold <= 0.7


def test_a_perfect_model_has_no_equal_error_and_one_class_has_none_to_give():
    positive = np.array([True, True, False, False])
    assert equal_error_rate(positive, np.array([0.9, 0.8, 0.2, 0.1]))[0] == 0
    assert np.isnan(equal_error_rate(np.array([True, True]), np.array([0.9, 0.8]))[0])


def test_intervals_hold_the_value_and_grow_when_images_come_in_groups():
    random = np.random.default_rng(1)
    labels = np.repeat(random.integers(0, 2, 60), 5)
    right = np.repeat(random.random(60) < 0.85, 5)
    score = np.where(right, labels, 1 - labels) * 0.6 + 0.2
    probabilities = np.stack([1 - score, score], 1)
    alone = summarise(labels, probabilities, [str(i) for i in range(300)], 1)["figures"]["accuracy"]
    grouped = summarise(labels, probabilities, [str(i // 5) for i in range(300)], 1)["figures"]["accuracy"]
    assert alone["low"] <= alone["value"] <= alone["high"]
    assert grouped["high"] - grouped["low"] > 1.5 * (alone["high"] - alone["low"])


def test_three_classes_are_summed_up_by_macro_figures():
    labels = np.arange(60) % 3
    probabilities = np.full((60, 3), 0.1)
    probabilities[np.arange(60), labels] = 0.8
    figures = summarise(labels, probabilities, [str(i) for i in range(60)], 1)["figures"]
    assert figures["f1"]["value"] == figures["accuracy"]["value"] == figures["auc"]["value"] == 1
    assert "eer" not in figures
