"""How wrong a pile may be, given what a random sample of it showed. Exact, for any sample size."""

from __future__ import annotations


def upper_bound(wrong: int, checked: int, confidence: float = 0.95) -> float:
    """Return the one-sided Clopper–Pearson bound on the share of wrong labels; 1 when nothing was checked."""
    from scipy.stats import beta  # noqa: PLC0415  slow to import

    if checked == wrong:
        return 1.0
    return float(beta.ppf(confidence, wrong + 1, checked - wrong))


def interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided Clopper–Pearson interval of a share; (0, 1) without trials."""
    from scipy.stats import binomtest  # noqa: PLC0415

    if trials == 0:
        return (0.0, 1.0)
    found = binomtest(successes, trials).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def sample_size(wrong: int, target: float, confidence: float = 0.95) -> int:
    """Return the smallest sample whose bound is at most `target` when `wrong` of it are wrong."""
    low, high = wrong + 1, wrong + 2
    while upper_bound(wrong, high, confidence) > target:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if upper_bound(wrong, middle, confidence) <= target:
            high = middle
        else:
            low = middle + 1
    return low
