"""What more answers buy: said with a range, and never before there is something to say."""

from __future__ import annotations

import numpy as np
import pytest

from ml.forecast import Forecast, Point, fit


def points(*shares: float, begin: int = 100, step: int = 50, off: float = 1.3) -> list[Point]:
    return [Point(begin + step * i, share, share / off, share * off) for i, share in enumerate(shares)]


def law(begin: float, count: int) -> list[Point]:
    """Half the error is gone after every hundred answers; `begin` after the first hundred."""
    return points(*(begin * 0.5 ** (i / 2) for i in range(count)))


def fitted(given: list[Point]) -> Forecast:
    found = fit(given)
    assert found is not None
    return found


@pytest.mark.parametrize("count", [0, 1, 2])
def test_before_three_rounds_nothing_is_said(count: int):
    assert fit(law(0.08, count)) is None
    assert fit([*law(0.08, 2), *law(0.08, 2)]) is None


def test_a_law_is_found_again():
    ahead = fitted(law(0.08, 5)).at(400)
    assert ahead.estimate == pytest.approx(0.01)
    assert ahead.low < 0.01 < ahead.high


def test_the_curve_of_the_trial_on_the_eyes_is_foretold_from_its_first_three_hundred_answers():
    """Wrong labels after 100 to 600 answers: 4.5, 2.8, 1.8, 1.15, 0.74 and 0.46 %."""
    found = fitted(points(0.045, 0.028, 0.018, step=100))
    for answers, share in ((400, 0.0115), (500, 0.0074), (600, 0.0046)):
        assert found.at(answers).estimate == pytest.approx(share, rel=0.1)


def test_the_range_is_never_narrower_than_a_rounds_own_and_widens_ahead():
    found = fitted(law(0.08, 6))
    own = law(0.08, 6)[-1]
    near, far = found.at(350), found.at(3500)
    assert near.high / near.estimate >= own.high / own.estimate
    assert far.high / far.estimate > near.high / near.estimate


def test_the_target_is_reached_between_the_soonest_and_the_latest():
    middle, soonest, latest = fitted(law(0.08, 6)).answers_until(0.005, 350, 4000)
    assert middle == pytest.approx(500, rel=0.02)
    assert soonest is not None
    assert latest is not None
    assert soonest < middle < latest


def test_what_does_not_fall_reaches_nothing():
    middle, _soonest, latest = fitted(points(0.05, 0.052, 0.051, 0.053)).answers_until(0.02, 250, 4000)
    assert (middle, latest) == (None, None)


def test_scattered_estimates_say_less():
    smooth, rough = fitted(points(0.06, 0.05, 0.04, 0.03)), fitted(points(0.06, 0.02, 0.07, 0.02))
    assert rough.at(300).high / rough.at(300).estimate > smooth.at(300).high / smooth.at(300).estimate


def test_rounds_that_fall_smoothly_promise_less_error_however_unsure_each_of_them_is():
    given = points(*(0.08 * 0.97**i for i in range(12)), begin=30, step=10, off=2.2)
    assert fitted(given).at(240).high < given[-1].high


def test_noisy_rounds_of_a_true_law_are_covered_nearly_always():
    """Estimates that err together by a third and each by a tenth, as a loop's do."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        shared = np.exp(random.normal(0, 0.3))
        given = [
            Point(n, share, share * 0.55, share * 1.8)
            for n in range(100, 351, 50)
            for share in [0.1 * 0.6 ** (n / 100) * shared * np.exp(random.normal(0, 0.1))]
        ]
        ahead = fitted(given).at(450)
        held += ahead.low <= 0.1 * 0.6**4.5 <= ahead.high
    assert held >= 190


def test_nothing_wrong_at_all_is_no_reason_to_stumble():
    ahead = fitted([Point(n, 0.0, 0.0, 0.0) for n in (100, 150, 200)]).at(300)
    assert 0 <= ahead.low <= ahead.estimate <= ahead.high <= 1e-3
