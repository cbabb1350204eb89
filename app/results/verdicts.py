"""What a paired test of two models says, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.languages import decimal, fixed
from app.languages import gettext as _
from ml.metrics import Difference, Pair
from ml.metrics.pairs import SIGNIFICANT

SMALLEST_P = 0.001


@dataclass(frozen=True)
class Verdict:
    """Which of two models is better, or that no difference is shown."""

    sentence: str
    method: str
    by_how_much: tuple[str, ...] = ()
    """A sentence for each figure whose difference is known with its interval."""


def judge(
    pair: Pair,
    first: str,
    second: str,
    p: float | None = None,
    differences: Mapping[str, Difference] | None = None,
) -> Verdict:
    """Say who is better, or that no difference is shown; `p`: corrected for several comparisons."""
    method = _("exact sign test over whole groups") if pair.by_group else _("McNemar’s exact test")
    sentence = _sentence(pair, first, second, pair.p if p is None else p)
    return Verdict(sentence, method, by_how_much(differences or {}, first, second))


def judge_row(row: Mapping[str, Any], first: str, second: str) -> Verdict:
    """As `judge`, for a row of a bake-off's `pairs`."""
    pair = Pair(row["only_first"], row["only_second"], row["p"], row["by_group"])
    return judge(pair, first, second, row["holm"], row.get("differences"))


def by_how_much(differences: Mapping[str, Difference], first: str, second: str) -> tuple[str, ...]:
    """Say of each figure who has less of it, and by how much; the differences are first's less second's."""
    words = {"eer": "EER", "error": _("Error")}
    known = ((words[name], differences.get(name, {})) for name in words)
    return tuple(
        _less(word, value, (low, high), (first, second))
        for word, each in known
        if (value := each.get("value")) is not None
        and (low := each.get("low")) is not None
        and (high := each.get("high")) is not None
    )


def _less(word: str, value: float, ends: tuple[float, float], models: tuple[str, str]) -> str:
    if value > 0:
        better, low, high = models[1], *ends
    else:
        better, high, low = models[0], *(-end for end in ends)
    said = {"figure": word, "model": better, "points": _points(abs(value))}
    said |= {"low": _points(low), "high": _points(high)}
    sentence = _("%(figure)s: %(model)s is better by %(points)s points (%(low)s to %(high)s).")
    if value == 0:
        sentence = _("%(figure)s: no difference (%(low)s to %(high)s points).")
    elif low <= 0:
        sentence = _(
            "%(figure)s: %(model)s is better by %(points)s points, maybe by chance (%(low)s to %(high)s)."
        )
    return sentence % said


def _points(share: float) -> str:
    """0.0142 → `1.4`: of a hundred images."""
    return decimal(round(100 * share, 1) + 0, 1).replace("-", "−")


def _sentence(pair: Pair, first: str, second: str, p: float) -> str:
    shown = f"p < {fixed(SMALLEST_P)}" if p < SMALLEST_P else f"p = {fixed(p)}"
    a, b = pair.only_first, pair.only_second
    if p >= SIGNIFICANT or a == b:
        sentence = _("No difference shown between %(first)s and %(second)s: %(a)s against %(b)s images, %(p)s.")
        return sentence % {"first": first, "second": second, "a": a, "b": b, "p": shown}
    better, worse = (first, second) if a > b else (second, first)
    sentence = _("%(better)s is better than %(worse)s: %(most)s against %(least)s images, %(p)s.")
    return sentence % {"better": better, "worse": worse, "most": max(a, b), "least": min(a, b), "p": shown}
