"""By how much a model is better, with an interval: of the same images, whole groups at a time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from ml.metrics import redraw, subtract, summarise

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1] * 25)
ALONE = [str(i) for i in range(len(LABELS))]


def two_columns(score: list[float] | np.ndarray) -> np.ndarray:
    column = np.asarray(score, np.float32)
    return np.stack([1 - column, column], axis=1)


def noisy(power: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, len(LABELS))
    return two_columns(1 / (1 + np.exp(-(noise + power * (2 * LABELS - 1)))))


def test_the_differences_of_a_case_counted_by_hand():
    """Of eight images the first model has one wrong of each class, the second none: a quarter in either rate."""
    labels = LABELS[:8]
    first = two_columns([0.1, 0.2, 0.3, 0.8, 0.4, 0.7, 0.85, 0.9])
    second = two_columns([0.1, 0.2, 0.3, 0.4, 0.65, 0.7, 0.8, 0.9])
    found = subtract(*redraw(labels, [first, second], ALONE[:8], 1))
    assert {name: each["value"] for name, each in found.items()} == {"error": 0.25, "eer": 0.25}
    other = subtract(*redraw(labels, [second, first], ALONE[:8], 1))
    assert other["error"] == {end: -found["error"][of] for end, of in TURNED.items()}  # type: ignore[operator]


TURNED = {"value": "value", "low": "high", "high": "low"}


def test_what_both_find_hard_is_no_difference():
    """The second errs where the first does, and on ten images more: the interval is that of ten in 200."""
    first = two_columns(np.where(np.arange(200) % 5 == 0, 1 - LABELS, LABELS))
    second = first.copy()
    second[1:51:5] = second[1:51:5, ::-1]
    apart = subtract(*redraw(LABELS, [second, first], ALONE, 1))["error"]
    assert apart["value"] == pytest.approx(0.05)
    half = 1.96 * np.sqrt(0.05 * 0.95 / 200)
    assert (apart["low"], apart["high"]) == pytest.approx((0.05 - half, 0.05 + half), abs=0.008)
    single = summarise(LABELS, first, ALONE, 1)["figures"]["accuracy"]
    assert apart["high"] - apart["low"] < 0.6 * (single["high"] - single["low"])  # type: ignore[operator]


def test_equal_models_differ_by_nothing_and_as_good_ones_by_an_interval_that_holds_0():
    same = subtract(*redraw(LABELS, [noisy(1, 1), noisy(1, 1)], ALONE, 1))
    assert same == {name: {"value": 0, "low": 0, "high": 0} for name in ("error", "eer")}
    for found in subtract(*redraw(LABELS, [noisy(1, 1), noisy(1, 2)], ALONE, 1)).values():
        assert found["low"] < 0 < found["high"]  # type: ignore[operator]
    for found in subtract(*redraw(LABELS, [noisy(0.5, 1), noisy(2, 2)], ALONE, 1)).values():
        assert found["low"] > 0  # type: ignore[operator]


def test_a_model_that_gives_all_images_nearly_one_score_is_told_by_their_order():
    good = noisy(2, 3)
    squeezed = two_columns(0.5 + 1e-5 * good[:, 1])
    found = subtract(*redraw(LABELS, [squeezed, good], ALONE, 1))["eer"]
    assert [found[end] for end in ("value", "low", "high")] == pytest.approx([0, 0, 0], abs=0.012)


def test_images_of_one_group_are_one_witness():
    """Ten faces of twenty pictures each, alike to both models, say far less than 200 strangers."""
    faces = [str(i // 20) for i in range(200)]
    hard = np.arange(200) // 20 % 3 == 0
    first = two_columns(np.where(hard, 1 - LABELS, LABELS))
    second = two_columns(LABELS)
    widths = []
    for groups in (ALONE, faces):
        found = subtract(*redraw(LABELS, [first, second], groups, 1))["error"]
        widths.append(found["high"] - found["low"])  # type: ignore[operator]
    assert widths[1] > 3 * widths[0]


def test_the_draws_are_those_of_the_figures_intervals():
    model = noisy(1, 1)
    rates = redraw(LABELS, [model], ALONE, 1, seed=5)[0]
    figures = summarise(LABELS, model, ALONE, 1, seed=5)["figures"]
    assert rates["error"][0] == pytest.approx(1 - accuracy_score(LABELS, model[:, 1] >= 0.6))
    assert np.percentile(1 - rates["error"][1:], [2.5, 97.5]) == pytest.approx(
        [figures["accuracy"]["low"], figures["accuracy"]["high"]]
    )
    assert rates["eer"][0] == figures["eer"]["value"]
    assert np.percentile(rates["eer"][1:], [2.5, 97.5]) == pytest.approx(
        [figures["eer"]["low"], figures["eer"]["high"]], abs=0.002
    )


def test_of_three_classes_the_error_alone_is_told():
    labels = np.arange(60) % 3
    right = np.eye(3, dtype=np.float32)[labels]
    found = subtract(*redraw(labels, [np.roll(right, 1, axis=1), right], ALONE[:60], 1))
    assert found == {"error": {"value": 1.0, "low": 1.0, "high": 1.0}}
