"""Whether to go on answering: one rule over what the rounds estimated and what an audit found. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.languages import counted as _n
from app.languages import gettext as _
from app.languages import listed, written
from ml.audit import interval
from ml.forecast import FEWEST_ROUNDS, Point, fit


@dataclass(frozen=True)
class Audited:
    """What the newest audit of the newest round found, of the accepted labels."""

    checked: int
    wrong: int
    bound: float


@dataclass(frozen=True)
class Known:
    """What is known when somebody asks."""

    points: Sequence[Point]
    """The rounds' estimates of wrong labels among all images, oldest first."""
    rounds: int
    images: int
    unclear: int
    seconds_each: float
    target: float
    """So many may be wrong, as the project says."""
    accepted_wrong: Point | None = None
    """What the newest round expects among the accepted."""
    audited: Audited | None = None
    unheard: Sequence[str] = ()
    """Classes that were added after the newest round: its estimates know nothing of them."""
    missing: str | None = None
    """What the labelers need before they can learn, as a sentence."""


@dataclass(frozen=True)
class Advice:
    title: str
    """`Stop now`, `About 120 more answers, 4 minutes`, or why nothing can be said."""
    sentence: str
    contradicted: bool = False
    """Whether the audit found more wrong than the labelers hold possible."""
    enough: bool = False
    """Whether more answers are not needed."""

    @property
    def text(self) -> str:
        return f"{self.title}: {self.sentence}"


def advise(known: Known) -> Advice:
    if unreliable := _not_known(known) or _contradiction(known):
        return unreliable
    if not known.points:
        return _without_estimates(known)
    now = known.points[-1]
    aim = f"{_expected(now)}{_rest(known)}" + _("; the aim is %(share)s.") % {"share": percent(known.target)}
    if now.high <= known.target:
        return Advice(_("Stop now"), f"{aim} {_proof(known)}", enough=True)
    if not known.unclear:
        return Advice(_("Every image is labelled"), f"{aim} {_proof(known)}")
    return _go_on(known, now, aim)


def _not_known(known: Known) -> Advice | None:
    missing = f" {known.missing}" if known.missing else ""
    if not known.rounds:
        first = _("the first estimate comes with the first round.")
        return Advice(_("Nothing is known yet"), f"{first}{missing}")
    if not known.unheard:
        return None
    since = _("the newest round was made before there was such a class; the next one tells.")
    names = listed(known.unheard)
    return Advice(_("Nothing is known of %(names)s yet") % {"names": names}, f"{since}{missing}")


def _contradiction(known: Known) -> Advice | None:
    """An audit is evidence, an estimate is not: where the two cannot both be right, the audit is believed."""
    found, said = known.audited, known.accepted_wrong
    if not found or not said:
        return None
    low, high = interval(found.wrong, found.checked)
    if low <= said.high:
        return None
    sentence = _(
        "the audit found %(wrong)s of %(checked)s accepted labels wrong, %(low)s to %(high)s (95 %%), where the "
        "labelers expected %(from)s to %(to)s. The next round takes that into account; then audit again."
    )
    numbers = {
        "wrong": written(f"{found.wrong:,}"), "checked": written(f"{found.checked:,}"),
        "low": percent(low), "high": percent(high), "from": percent(said.low), "to": percent(said.high),
    }  # fmt: skip
    return Advice(_("Do not rely on the estimate"), sentence % numbers, contradicted=True)


def _without_estimates(known: Known) -> Advice:
    if known.audited:
        sentence = _("at most %(share)s of the accepted labels are wrong.")
        return Advice(_("As the audit says"), sentence % {"share": percent(known.audited.bound)})
    return Advice(_("An audit tells"), _("these rounds estimated nothing about themselves."))


def _go_on(known: Known, now: Point, aim: str) -> Advice:
    law = fit(known.points)
    if law is None:
        return Advice(_("Too early to say how many answers it takes"), f"{aim} {_too_early(known)}")
    middle, soonest, latest = law.answers_until(known.target, now.answers, known.images)
    if middle is None:
        return Advice(_("More answers may not be enough"), f"{aim} " + _("The estimates hardly fall."))
    more = max(middle - now.answers, 10)
    if more >= known.unclear:
        title = _n("The %(number)s unclear image", "The %(number)s unclear images", known.unclear)
        time = minutes(known.unclear * known.seconds_each)
        return Advice(f"{title}, {time}", f"{aim} " + _("With them every image is labelled."))
    title = _n("About %(number)s more answer", "About %(number)s more answers", _rounded(more))
    fewest = (soonest or middle) - now.answers
    many = _many(latest - now.answers if latest else None)
    audit = "" if fewest or known.audited else " " + _("An audit tells sooner.")
    return Advice(f"{title}, {minutes(more * known.seconds_each)}", f"{aim} {_few(fewest)}; {many}.{audit}")


def _too_early(known: Known) -> str:
    return _n(
        "After %(number)s more round it can be said how long it takes.",
        "After %(number)s more rounds it can be said how long it takes.",
        FEWEST_ROUNDS - len({p.answers for p in known.points}),
    )


def _few(answers: int) -> str:
    few = _n("As few as %(number)s could do", "As few as %(number)s could do", answers)
    return few if answers else _("The aim may be reached already")


def _many(answers: int | None) -> str:
    if answers is None:
        return _("it may also take many more")
    return _n("at the latest after %(number)s", "at the latest after %(number)s", answers)


def _expected(now: Point) -> str:
    sentence = _("about %(share)s of all labels would be wrong now, %(low)s to %(high)s")
    return sentence % {"share": percent(now.estimate), "low": percent(now.low), "high": percent(now.high)}


def _rest(known: Known) -> str:
    rest = _n(
        ", the %(number)s unclear one as the labelers guess",
        ", the %(number)s unclear ones as the labelers guess",
        known.unclear,
    )
    return rest if known.unclear else ""


def _proof(known: Known) -> str:
    if known.audited:
        sentence = _("The audit: at most %(share)s of the accepted ones (95 %%).")
        return sentence % {"share": percent(known.audited.bound)}
    return _("That is an estimate; an audit proves it.")


def _rounded(number: float) -> int:
    """Two figures are all that such an estimate is good for."""
    step = 100 if number >= 1000 else 10 if number >= 20 else 1
    return step * math.ceil(number / step)


def minutes(seconds: float) -> str:
    found = round(seconds / 60)
    if found < 1:
        return _("less than a minute")
    if found < 60:
        return _n("%(number)s minute", "%(number)s minutes", found)
    return _n("%(number)s hour", "%(number)s hours", round(found / 60))


def percent(share: float) -> str:
    return written(f"{100 * share:.1f} %")
