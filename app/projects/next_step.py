"""What a person does next: one rule over where the project stands."""

from __future__ import annotations

from dataclasses import dataclass

from app.labeling.pace import seconds_each
from app.languages import counted as _n
from app.languages import gettext as _
from app.languages import written


@dataclass(frozen=True)
class Standing:
    """Where the loop stands, in numbers of images unless said otherwise."""

    images: int = 0
    new: int = 0
    """Not labelled, and no labeler has spoken of them."""
    seed: int = 0
    """Labelled by a person before any labeler, or imported with their label."""
    seed_size: int = 100
    accepted: int = 0
    twins: int = 0
    """Of the accepted: they took their label from an answered near duplicate."""
    unclear: int = 0
    settled: int = 0
    """Unclear ones that a person has decided since."""
    disputed: int = 0
    """People said different things of them."""
    set_aside: int = 0
    """People could not tell."""
    answers: int = 0
    answer_seconds: float = 0.0
    rounds: int = 0
    audit_left: int = 0
    """Labels drawn by lot that a person is to check."""
    audited: bool = False
    """Whether what the newest round accepted was, or is being, audited."""
    bakeoffs: int = 0
    for_others: bool = False
    """Whether all that waits, for the seed or for review, waits for other people than the one who looks."""
    missing: str | None = None
    """What the labelers need before they can learn, as a sentence."""
    labelers_run: bool = False
    bakeoff_runs: bool = False

    @property
    def seed_left(self) -> int:
        return max(0, min(self.seed_size, self.images - self.set_aside) - self.seed)

    @property
    def seconds_each(self) -> float:
        return seconds_each(self.answers, self.answer_seconds)


@dataclass(frozen=True)
class NextStep:
    title: str
    sentence: str
    label: str = ""
    """What the button says; empty: there is nothing to press."""
    path: str = ""
    """Below the project's address."""
    key: str = ""
    posts: bool = False
    """Whether pressing starts something, rather than opening a page."""


def next_step(at: Standing, *, engineer: bool, advice: str = "") -> NextStep:
    """Return the one thing to do next; annotators are only asked for answers.

    `advice`: whether more answers are worth their time, in a few words.
    """
    step = _answers(at, advice) or _disputed(at) or _others(at) or _engineers(at)
    if engineer or step.path in {"/label", "/review", "/audit/check"}:
        return step
    others = _others(at)
    later = _("There will be images here when the labelers have questions.")
    return NextStep(_("Nothing for you to do now"), others.sentence if others else later)


def _answers(at: Standing, advice: str) -> NextStep | None:
    """People come first: what a person can answer never waits for a machine."""
    if at.audit_left:
        title = _n("Check %(number)s accepted label", "Check %(number)s accepted labels", at.audit_left)
        sentence = _("%(time)s. Then it is known how many labels are wrong at most.")
        return NextStep(title, sentence % _time(at, at.audit_left), _("Check"), "/audit/check", "c")
    if at.unclear and at.rounds and not at.for_others:
        title = _n("Settle %(number)s unclear image", "Settle %(number)s unclear images", at.unclear)
        sentence = _("%(time)s for all of them. %(accepted)s are labelled without you.")
        sentence %= {**_time(at, at.unclear), "accepted": written(f"{at.accepted:,}")}
        sentence += f" {advice}." if advice else ""
        return NextStep(title, sentence, _("Review"), "/review", "r")
    if _seeds(at) and not at.for_others:
        return _seed(at)
    return None


def _seeds(at: Standing) -> bool:
    return bool(at.images and not at.rounds and not at.labelers_run and at.new)


def _others(at: Standing) -> NextStep | None:
    """This person has answered all, and others have not."""
    missing = at.unclear if at.rounds else at.seed_left if _seeds(at) else 0
    if not missing or not at.for_others:
        return None
    sentence = _n(
        "You have answered all that you can: %(number)s image waits for other people.",
        "You have answered all that you can: %(number)s images wait for other people.",
        missing,
    )
    return NextStep(_("Other people’s answers are missing"), sentence, _("Team"), "/team", "t")


def _seed(at: Standing) -> NextStep | None:
    if at.seed_left:
        more = _n("Label %(number)s more image", "Label %(number)s more images", at.seed_left)
        title = more if at.seed else _n("Label %(number)s image", "Label %(number)s images", at.seed_left)
        sentence = _("%(time)s. The labelers learn from them.") % _time(at, at.seed_left)
        return NextStep(title, sentence, _("Label"), "/label", "l")
    if at.missing:
        return NextStep(_("Label a few more images"), at.missing, _("Label"), "/label", "l")
    return None


def _disputed(at: Standing) -> NextStep | None:
    if not at.disputed:
        return None
    title = _n(
        "Decide %(number)s image on which people differ",
        "Decide %(number)s images on which people differ",
        at.disputed,
    )
    return NextStep(title, _("An engineer’s word stands."), _("Adjudicate"), "/adjudicate", "a")


def _engineers(at: Standing) -> NextStep:
    if not at.images:
        sentence = _("A zip or a folder; labels may come along.")
        return NextStep(_("Import images"), sentence, _("Import"), "/images", "i")
    if at.labelers_run:
        sentence = _("They learn, then look at every image.")
        return NextStep(_("The labelers are at work"), sentence, _("Watch"), "/jobs", "w")
    if at.new:
        return _train(at)
    return _finish(at)


def _finish(at: Standing) -> NextStep:
    """Nothing waits for the labelers any more: prove the labels, use them, read what came of it."""
    if at.accepted and at.rounds and not at.audited and not at.bakeoff_runs and not at.bakeoffs:
        sentence = _("A random sample tells how many of the %(accepted)s are wrong at most.")
        sentence %= {"accepted": written(f"{at.accepted:,}")}
        return NextStep(_("Audit what the labelers accepted"), sentence, _("Plan it"), "/audit", "a")
    if at.bakeoff_runs:
        return NextStep(_("The classifiers are training"), _("One after the other."), _("Watch"), "/jobs", "w")
    if not at.bakeoffs:
        sentence = _("%(labelled)s images are labelled.") % {"labelled": written(f"{at.images - at.set_aside:,}")}
        return NextStep(_("Train the final classifiers"), sentence, _("Choose models"), "/results", "t")
    sentence = _("The classifiers are compared on one page.")
    return NextStep(_("Read the results"), sentence, _("Results"), "/results", "r")


def _train(at: Standing) -> NextStep:
    if at.rounds:
        title = _n("%(number)s new image came in", "%(number)s new images came in", at.new)
        sentence = _("The labelers have not seen them yet.")
        return NextStep(title, sentence, _("Train the labelers"), "/labelers", "t", posts=True)
    sentence = _("They learn from your %(seed)s labels and look at the other %(new)s images.")
    sentence %= {"seed": written(f"{at.seed:,}"), "new": written(f"{at.new:,}")}
    return NextStep(_("Train the labelers"), sentence, _("Train"), "/labelers", "t", posts=True)


def _time(at: Standing, images: int) -> dict[str, str]:
    minutes = round(images * at.seconds_each / 60)
    if minutes < 1:
        return {"time": _("Less than a minute")}
    if minutes < 60:
        return {"time": _n("About %(number)s minute", "About %(number)s minutes", minutes)}
    return {"time": _n("About %(number)s hour", "About %(number)s hours", round(minutes / 60))}
