"""The figures are those of scikit-learn, the EER comes from scores, intervals respect groups."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from ml.metrics import confusion_at, confusion_matrix, equal_error_rate, per_class, summarise
from ml.metrics.summary import _Judged
from ml.metrics.trust import TRUST_BINS, calibration_error


@settings(max_examples=80)
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


def figures(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    found = _Judged(labels, probabilities, 1).figures(weights[None])
    return {name: float(value[0]) for name, value in found.items() if value.ndim == 1}


def on_a_line_between(point: tuple[float, float], xs: np.ndarray, ys: np.ndarray) -> bool:
    """Whether the point lies on the broken line through (xs, ys), both of which only rise."""
    x, y = point
    across = np.abs((x - xs[:-1]) * np.diff(ys) - (y - ys[:-1]) * np.diff(xs)) < 1e-9
    within = (xs[:-1] - 1e-9 <= x) & (x <= xs[1:] + 1e-9) & (ys[:-1] - 1e-9 <= y) & (y <= ys[1:] + 1e-9)
    return bool((across & within).any())


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.6, 0.61, 0.9, 1.0]), st.integers(0, 3)),
        min_size=2,
        max_size=40,
    )
)
def test_weighted_figures_of_two_classes_are_scikit_learns(rows: list[tuple[bool, float, int]]):
    positive, score = np.array([p for p, _, _ in rows]), np.array([s for _, s, _ in rows], np.float32)
    weights = np.array([w for _, _, w in rows], float)
    assume(weights[positive].sum() > 0)
    assume(weights[~positive].sum() > 0)
    found = figures(positive.astype(int), np.stack([1 - score, score], 1), weights)
    said, extra = score >= np.float32(0.6), {"sample_weight": weights}
    assert found["precision"] == pytest.approx(sk.precision_score(positive, said, zero_division=0, **extra))
    assert found["recall"] == pytest.approx(sk.recall_score(positive, said, **extra))
    assert found["f1"] == pytest.approx(sk.f1_score(positive, said, **extra))
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(positive, said, **extra))
    assert found["auc"] == pytest.approx(sk.roc_auc_score(positive, score, **extra))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(positive, score, **extra))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(positive, said, **extra))
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(positive, said, **extra), abs=1e-9)
    assert found["brier"] == pytest.approx(sk.brier_score_loss(positive, score, **extra))
    false, true, _ = sk.roc_curve(positive, score, drop_intermediate=False, **extra)
    assert on_a_line_between((found["eer"], 1 - found["eer"]), false, true)


def test_figures_of_many_classes_are_scikit_learns():
    random = np.random.default_rng(3)
    labels, probabilities = random.integers(0, 4, 150), random.dirichlet(np.ones(4), 150)
    weights = random.integers(0, 4, 150).astype(float)
    found = figures(labels, probabilities, weights)
    said, macro = probabilities.argmax(1), {"average": "macro", "sample_weight": weights}
    assert found["precision"] == pytest.approx(sk.precision_score(labels, said, **macro))
    assert found["recall"] == pytest.approx(sk.recall_score(labels, said, **macro))
    assert found["f1"] == pytest.approx(sk.f1_score(labels, said, **macro))
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(labels, said, sample_weight=weights))
    each = [sk.roc_auc_score(labels == c, probabilities[:, c], sample_weight=weights) for c in range(4)]
    assert found["auc"] == pytest.approx(np.mean(each))
    assert found["average_precision"] == pytest.approx(
        np.mean(
            [
                sk.average_precision_score(labels == c, probabilities[:, c], sample_weight=weights)
                for c in range(4)
            ]
        )
    )
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(labels, said, sample_weight=weights))
    assert found["balanced_accuracy"] == pytest.approx(
        sk.balanced_accuracy_score(labels, said, sample_weight=weights)
    )
    assert found["brier"] == pytest.approx(sk.brier_score_loss(labels, probabilities, sample_weight=weights))


def test_every_class_has_its_own_figures_as_scikit_learn_reports_them():
    random = np.random.default_rng(4)
    labels, probabilities = random.integers(0, 3, 200), random.dirichlet(np.ones(3), 200)
    found = summarise(labels, probabilities, [str(i) for i in range(200)], 1)["per_class"]
    expected = sk.classification_report(labels, probabilities.argmax(1), output_dict=True)
    for index, row in enumerate(found):
        assert row["precision"]["value"] == pytest.approx(expected[str(index)]["precision"])
        assert row["f1"]["low"] <= expected[str(index)]["f1-score"] <= row["f1"]["high"]
        auc = sk.roc_auc_score(labels == index, probabilities[:, index])
        assert row["auc"]["value"] == pytest.approx(auc)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_calibration_error_weighs_the_gaps_of_scikit_learns_calibration_curve(classes: int):
    random = np.random.default_rng(5)
    labels, probabilities = random.integers(0, classes, 500), random.dirichlet(np.ones(classes), 500)
    right, said = labels == 1, probabilities[:, 1]
    if classes > 2:
        right, said = labels == probabilities.argmax(1), probabilities.max(1)
    share, mean = calibration_curve(right, said, n_bins=TRUST_BINS)
    count = np.histogram(said, TRUST_BINS, (0, 1))[0]
    expected = (count[count > 0] * np.abs(share - mean)).sum() / len(said)
    assert np.abs(_Judged(labels, probabilities, 1).calibration_gaps(np.ones((1, 500)))).sum() == pytest.approx(
        expected
    )


@pytest.mark.parametrize("images", [120, 1000])
@pytest.mark.parametrize("power", [1, 2])
def test_the_calibration_error_of_few_images_is_not_what_chance_alone_makes(images: int, power: float):
    """A score whose true probability is known: for power 1 it is the score itself."""
    random = np.random.default_rng(1)

    def drawn(count: int, replicates: int = 200) -> tuple[np.ndarray, np.ndarray]:
        """The gaps as they are, and those of bootstrap replicates."""
        score = random.beta(0.4, 0.4, count)
        true = score**power / (score**power + (1 - score) ** power)
        judged = _Judged((random.random(count) < true).astype(int), np.stack([1 - score, score], 1), 1)
        weights = random.multinomial(count, np.full(count, 1 / count), replicates).astype(float)
        return judged.calibration_gaps(np.ones((1, count))), judged.calibration_gaps(weights)

    truth = float(np.abs(drawn(300_000, 1)[0]).sum())
    held, errors = 0, []
    for _ in range(40):
        gaps, replicates = drawn(images)
        found = calibration_error(gaps, replicates)
        assert found["low"] <= found["value"] <= found["high"]
        held += found["low"] <= truth <= found["high"]
        errors.append((found["value"] - truth, np.abs(gaps).sum() - truth))
    assert held >= 34
    debiased, plain = np.mean(errors, axis=0)
    assert abs(debiased) < 0.75 * abs(plain)


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
    found = summarise(labels, probabilities, [str(i) for i in range(60)], 1)["figures"]
    assert found["f1"]["value"] == found["accuracy"]["value"] == found["auc"]["value"] == 1
    assert "eer" not in found


def test_a_class_that_the_test_part_lacks_leaves_its_figures_open_and_the_rest_stands():
    labels = np.ones(40, np.int64)
    probabilities = np.tile([0.1, 0.9], (40, 1))
    found = summarise(labels, probabilities, [str(i // 2) for i in range(40)], 1)
    assert found["figures"]["eer"] == found["figures"]["auc"] == {"value": None, "low": None, "high": None}
    assert found["figures"]["accuracy"]["value"] == 1
    json.dumps(found, allow_nan=False)


def test_a_live_page_may_ask_for_ten_models_of_100_000_images_at_every_move():
    random = np.random.default_rng(0)
    positive = random.random(100_000) < 0.5
    models = [random.random(100_000, dtype=np.float32) for _ in range(10)]
    started = time.process_time()
    for scores in models:
        confusion_at(positive, scores, 0.6)
    assert time.process_time() - started < 0.1


def test_twenty_thousand_test_images_get_their_intervals_in_seconds():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 20_000)
    score = (labels * 0.2 + random.random(20_000) * 0.8).astype(np.float32)
    started = time.process_time()
    summarise(labels, np.stack([1 - score, score], 1), [str(i // 2) for i in range(20_000)], 1)
    assert time.process_time() - started < 10
