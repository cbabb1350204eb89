"""What a paired test of two models says, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from app.languages import fixed
from app.languages import gettext as _
from ml.metrics.pairs import SIGNIFICANT, Pair

SMALLEST_P = 0.001


@dataclass(frozen=True)
class Verdict:
    """Which of two models is better, or that no difference is shown."""

    sentence: str
    method: str


def judge(pair: Pair, first: str, second: str, p: float | None = None) -> Verdict:
    """Say who is better, or that no difference is shown; `p`: corrected for several comparisons."""
    method = _("exact sign test over whole groups") if pair.by_group else _("McNemar’s exact test")
    return Verdict(_sentence(pair, first, second, pair.p if p is None else p), method)


def _sentence(pair: Pair, first: str, second: str, p: float) -> str:
    shown = f"p < {fixed(SMALLEST_P)}" if p < SMALLEST_P else f"p = {fixed(p)}"
    a, b = pair.only_first, pair.only_second
    if p >= SIGNIFICANT or a == b:
        sentence = _("No difference shown between %(first)s and %(second)s: %(a)s against %(b)s images, %(p)s.")
        return sentence % {"first": first, "second": second, "a": a, "b": b, "p": shown}
    better, worse = (first, second) if a > b else (second, first)
    sentence = _("%(better)s is better than %(worse)s: %(most)s against %(least)s images, %(p)s.")
    return sentence % {"better": better, "worse": worse, "most": max(a, b), "least": min(a, b), "p": shown}
