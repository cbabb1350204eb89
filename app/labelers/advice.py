"""Whether to go on answering: one rule over what the rounds estimated and what an audit found. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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

    @property
    def text(self) -> str:
        return f"{self.title}: {self.sentence}"


def advise(known: Known) -> Advice:
    if unreliable := _not_known(known) or _contradiction(known):
        return unreliable
    if not known.points:
        return _without_estimates(known)
    now = known.points[-1]
    aim = f"{_expected(now)}{_rest(known)}; the aim is {percent(known.target)}."
    if now.high <= known.target:
        return Advice("Stop now", f"{aim} {_proof(known)}")
    if not known.unclear:
        return Advice("Every image is labelled", f"{aim} {_proof(known)}")
    return _go_on(known, now, aim)


def _not_known(known: Known) -> Advice | None:
    missing = f" {known.missing}" if known.missing else ""
    if not known.rounds:
        return Advice("Nothing is known yet", f"the first estimate comes with the first round.{missing}")
    if not known.unheard:
        return None
    since = f"the newest round was made before there was such a class; the next one tells.{missing}"
    return Advice(f"Nothing is known of {' and '.join(known.unheard)} yet", since)


def _contradiction(known: Known) -> Advice | None:
    """An audit is evidence, an estimate is not: where the two cannot both be right, the audit is believed."""
    found, said = known.audited, known.accepted_wrong
    if not found or not said:
        return None
    low, high = interval(found.wrong, found.checked)
    if low <= said.high:
        return None
    return Advice(
        "Do not rely on the estimate",
        f"the audit found {found.wrong:,} of {found.checked:,} accepted labels wrong, {percent(low)} to "
        f"{percent(high)} (95 %), where the labelers expected {percent(said.low)} to {percent(said.high)}. "
        "Answer more, and audit again.",
        contradicted=True,
    )


def _without_estimates(known: Known) -> Advice:
    if known.audited:
        return Advice(
            "As the audit says", f"at most {percent(known.audited.bound)} of the accepted labels are wrong."
        )
    return Advice("An audit tells", "these rounds estimated nothing about themselves.")


def _go_on(known: Known, now: Point, aim: str) -> Advice:
    law = fit(known.points)
    if law is None:
        left = FEWEST_ROUNDS - len({p.answers for p in known.points})
        rounds = f"{left} more round{'' if left == 1 else 's'}"
        return Advice("Not enough rounds yet", f"{aim} After {rounds} it can be said how long it takes.")
    middle, soonest, latest = law.answers_until(known.target, now.answers, known.images)
    if middle is None:
        return Advice("More answers may not be enough", f"{aim} The estimates hardly fall.")
    more = max(middle - now.answers, 10)
    if more >= known.unclear:
        title = f"The {known.unclear:,} unclear images, {minutes(known.unclear * known.seconds_each)}"
        return Advice(title, f"{aim} With them every image is labelled.")
    title = f"About {_rounded(more):,} more answers, {minutes(more * known.seconds_each)}"
    soon = (soonest or middle) - now.answers
    few = f"As few as {soon:,} could do" if soon else "The aim may be reached already"
    many = f"at the latest it is {latest - now.answers:,}" if latest else "it may also take many more"
    return Advice(title, f"{aim} {few}; {many}.")


def _expected(now: Point) -> str:
    span = f"{percent(now.low)} to {percent(now.high)}"
    return f"about {percent(now.estimate)} of all labels would be wrong now, {span}"


def _rest(known: Known) -> str:
    return f", the {known.unclear:,} unclear ones as the labelers guess" if known.unclear else ""


def _proof(known: Known) -> str:
    if known.audited:
        return f"The audit: at most {percent(known.audited.bound)} of the accepted ones (95 %)."
    return "That is an estimate; an audit proves it."


def _rounded(number: float) -> int:
    """Two figures are all that such an estimate is good for."""
    step = 100 if number >= 1000 else 10 if number >= 20 else 1
    return step * math.ceil(number / step)


def minutes(seconds: float) -> str:
    found = round(seconds / 60)
    if found < 1:
        return "less than a minute"
    number, unit = (found, "minute") if found < 60 else (round(found / 60), "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"
