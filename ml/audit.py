"""How wrong a pile may be, given what a random sample of it showed. Exact for any sample size; loads no scipy.

Two promises, never to be mixed. A sample whose size was fixed before the first answer is judged by the bound of
Clopper and Pearson (1934), or exactly for a finite pile by the hypergeometric distribution. Who may look at any
moment, stop early or draw more, needs a bound that holds at every look at once: `most_wrong_at_any_look`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
HALVINGS = 60
TARGETS = (0.05, 0.03, 0.02, 0.01)
MOST_ALLOWED = 3
"""Plans are offered for so many wrong labels in the sample."""


def upper_bound(wrong: int, checked: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided Clopper–Pearson bound on the share of wrong labels; 1 when nothing was checked."""
    if checked == wrong:
        return 1.0
    low, high = wrong / checked, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if chance_to_pass(wrong, checked, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def interval(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the two-sided Clopper–Pearson interval of a share; (0, 1) without trials."""
    if trials == 0:
        return (0.0, 1.0)
    each = 1 - (1 - confidence) / 2
    return 1 - upper_bound(trials - successes, trials, each), upper_bound(successes, trials, each)


def chance_to_pass(allowed: int, size: int, share: float) -> float:
    """Return the power: how likely at most `allowed` of `size` draws are wrong where `share` of all is."""
    if allowed >= size or share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    right, wrong = math.log1p(-share), math.log(share)
    return math.fsum(math.exp(_ways(size, k) + k * wrong + (size - k) * right) for k in range(allowed + 1))


def sample_size(wrong: int, target: float, confidence: float = CONFIDENCE) -> int:
    """Return the smallest sample whose bound is at most `target` when `wrong` of it are wrong."""
    low, high = wrong + 1, wrong + 2
    while chance_to_pass(wrong, high, target) > 1 - confidence:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if chance_to_pass(wrong, middle, target) <= 1 - confidence:
            high = middle
        else:
            low = middle + 1
    return low


def most_wrong(wrong: int, checked: int, pile: int, confidence: float = CONFIDENCE) -> int:
    """Return how many of the `pile` labels may be wrong at most, the checked ones included.

    Exact for a sample drawn without replacement, of a size fixed beforehand: with one more wrong in the pile, so
    few in the sample would be a chance of 1 - `confidence` or less (hypergeometric).
    """
    low, high = wrong, pile - (checked - wrong)
    while low < high:
        middle = (low + high + 1) // 2
        if _few_drawn(wrong, checked, pile, middle) > 1 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def _few_drawn(wrong: int, checked: int, pile: int, bad: int) -> float:
    """Return how likely at most `wrong` of `checked` draws are among the `bad` of the pile."""
    fewest = max(0, checked - (pile - bad))
    all_ways = _ways(pile, checked)
    return math.fsum(
        math.exp(_ways(bad, k) + _ways(pile - bad, checked - k) - all_ways)
        for k in range(fewest, min(wrong, bad) + 1)
    )


def _ways(count: int, chosen: int) -> float:
    """Return the logarithm of the number of ways to choose."""
    return math.lgamma(count + 1) - math.lgamma(chosen + 1) - math.lgamma(count - chosen + 1)


def most_wrong_at_any_look(wrong: int, checked: int, pile: int, confidence: float = CONFIDENCE) -> int:
    """Return how many of the `pile` labels may be wrong at most, however often and whenever one looks.

    For every possible number K of wrong labels, what was drawn (in order, without replacement) is weighed by the
    likelihood of up to K against that of K, mixed. If K is the truth this ratio begins at 1 and is never expected
    to grow, so that it ever reaches 20 with a chance of 5 % at most (Ville 1939). The bound is the largest K with
    a ratio below that. The mixture is Robbins' (1970), the urn that of Waudby-Smith and Ramdas, "Confidence
    sequences for sampling without replacement" (2020); the mixture leans towards few.
    """
    guesses = np.arange(wrong, pile - (checked - wrong) + 1)
    factorials = _log_factorials(pile)
    likelihood = (
        factorials[guesses]
        - factorials[guesses - wrong]
        + factorials[pile - guesses]
        - factorials[pile - guesses - (checked - wrong)]
    )
    lean = -0.5 * np.log(np.arange(pile + 1) + 0.5)
    mixed = np.logaddexp.accumulate(lean[guesses] + likelihood)
    ratio = mixed - np.logaddexp.accumulate(lean)[guesses] - likelihood
    return int(guesses[ratio < -math.log(1 - confidence)][-1])


def _log_factorials(most: int) -> NDArray[np.float64]:
    """Return `[most + 1]`: the logarithm of each number's factorial, from 0 up."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])
