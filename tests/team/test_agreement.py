"""Agreement is what the well-known libraries say it is, and its intervals hold."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from app.team.agreement import NONE, Figure, agreement


def answers(seed: int, people: int, classes: int, missing: float, images: int = 200) -> NDArray[np.int64]:
    """People who see the truth four times in five, and do not answer everything."""
    lot = np.random.default_rng(seed)
    truth = lot.integers(classes, size=images)[:, None]
    said = np.where(lot.random((images, people)) < 0.8, truth, lot.integers(classes, size=(images, people)))
    return np.where(lot.random((images, people)) < missing, NONE, said)


def alone(rows: NDArray[np.int64]) -> list[str]:
    return [str(i) for i in range(len(rows))]


@pytest.mark.parametrize(("seed", "classes", "missing"), [(0, 2, 0.0), (1, 2, 0.3), (2, 4, 0.2), (3, 10, 0.5)])
def test_kappa_of_two_is_scikit_learns(seed: int, classes: int, missing: float):
    said = answers(seed, 2, classes, missing)
    both = said[(said != NONE).all(1)]
    found = agreement(said, alone(said), classes)
    assert found.kappa.value == pytest.approx(cohen_kappa_score(both[:, 0], both[:, 1]))
    assert found.percent.value == pytest.approx((both[:, 0] == both[:, 1]).mean())
    assert (found.images, found.differ) == (len(both), int((both[:, 0] != both[:, 1]).sum()))


@pytest.mark.parametrize(
    ("seed", "people", "classes", "missing"), [(0, 2, 2, 0.0), (1, 2, 3, 0.4), (2, 3, 2, 0.3), (3, 6, 5, 0.6)]
)
def test_alpha_of_any_number_of_people_is_the_librarys(seed: int, people: int, classes: int, missing: float):
    said = answers(seed, people, classes, missing)
    units = np.where(said == NONE, np.nan, said.astype(float)).T
    found = agreement(said, alone(said), classes)
    expected = krippendorff.alpha(units, level_of_measurement="nominal", value_domain=list(range(classes)))
    assert found.alpha.value == pytest.approx(expected)
    assert (found.kappa == Figure()) == (people > 2)


def test_images_of_one_group_are_one_witness():
    said = np.repeat(answers(4, 2, 2, 0.0, images=50), 8, axis=0)
    together = agreement(said, [str(i // 8) for i in range(400)], 2)
    apart = agreement(said, alone(said), 2)
    assert together.percent.value == apart.percent.value
    assert width(together.percent) > 2 * width(apart.percent)
    assert width(together.alpha) > 2 * width(apart.alpha)


def width(figure: Figure) -> float:
    assert figure.low is not None
    assert figure.high is not None
    return figure.high - figure.low


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """Of people who err by a known share the true agreement is known, too."""
    true = 0.9 * 0.9 + 0.1 * 0.1
    held = 0
    for seed in range(120):
        lot = np.random.default_rng(seed)
        truth = lot.integers(2, size=150)[:, None]
        said = np.where(lot.random((150, 2)) < 0.1, 1 - truth, truth)
        found = agreement(said, alone(said), 2, seed).percent
        held += found.low <= true <= found.high  # type: ignore[operator]
    assert 105 <= held <= 120


def test_where_nothing_can_be_said_nothing_is():
    nobody = np.zeros((0, 2), np.int64)
    assert agreement(nobody, [], 2).percent == Figure()
    one_class = np.zeros((5, 2), np.int64)
    found = agreement(one_class, alone(one_class), 2)
    assert (found.percent.value, found.kappa, found.alpha) == (1.0, Figure(), Figure())
