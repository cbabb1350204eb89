"""The estimate of wrong labels is near the truth where people and labelers err as it assumes."""

from __future__ import annotations

import numpy as np
import pytest

from app.team.wrong import believed, wrong_share


@pytest.mark.parametrize(("seed", "classes", "error"), [(0, 2, 0.05), (1, 2, 0.12), (2, 4, 0.08)])
def test_it_finds_about_as_many_wrong_labels_as_there_are(seed: int, classes: int, error: float):
    lot = np.random.default_rng(seed)
    images = 4000
    truth = lot.integers(classes, size=images)
    # Calibrated guesses: the truth is drawn from them.
    guesses = lot.dirichlet(np.full(classes, 0.15), size=images)
    truth = np.array([lot.choice(classes, p=p) for p in guesses])
    errs = lot.random(images) < error
    said = np.where(errs, (truth + lot.integers(1, classes, size=images)) % classes, truth)
    belief = believed(guesses, np.arange(images), said)
    assert wrong_share(belief, said) == pytest.approx(errs.mean(), abs=0.015)


def test_a_second_opinion_that_agrees_with_the_labelers_makes_the_corrected_label_the_better_one():
    guesses = np.array([[0.95, 0.05]] * 40)
    said = np.array([0] * 39 + [1])
    rows, answers = np.append(np.arange(40), 39), np.append(said, 0)
    belief = believed(guesses, rows, answers)
    corrected = np.zeros(40, np.int64)
    assert wrong_share(belief, corrected) < 0.01 < wrong_share(belief, said)


def test_without_answers_the_labelers_are_believed():
    guesses = np.array([[0.7, 0.3]])
    none = np.zeros(0, np.int64)
    assert believed(guesses, none, none) == pytest.approx(guesses)
