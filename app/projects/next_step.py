"""What a person does next: one rule over where the project stands."""

from __future__ import annotations

from dataclasses import dataclass

GUESSED_SECONDS = 2.5
"""An answer takes about so long, until enough answers say how long it takes here."""
ENOUGH_ANSWERS = 10


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
    missing: str | None = None
    """What the labelers need before they can learn, as a sentence."""
    labelers_run: bool = False
    bakeoff_runs: bool = False

    @property
    def seed_left(self) -> int:
        return max(0, min(self.seed_size, self.images - self.set_aside) - self.seed)

    @property
    def seconds_each(self) -> float:
        if self.answers < ENOUGH_ANSWERS or not self.answer_seconds:
            return GUESSED_SECONDS
        return self.answer_seconds / self.answers


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
    step = _answers(at, advice) or _disputed(at) or _engineers(at)
    if engineer or step.path in {"/label", "/review", "/audit/check"}:
        return step
    return NextStep("Nothing for you to do now", "There will be images here when the labelers have questions.")


def _answers(at: Standing, advice: str) -> NextStep | None:
    """People come first: what a person can answer never waits for a machine."""
    if at.audit_left:
        minutes = _minutes(at.audit_left * at.seconds_each)
        sentence = f"{minutes}. Then it is known how many labels are wrong at most."
        title = f"Check {at.audit_left:,} accepted label{'' if at.audit_left == 1 else 's'}"
        return NextStep(title, sentence, "Check", "/audit/check", "c")
    if at.unclear and at.rounds:
        sentence = f"{_minutes(at.unclear * at.seconds_each)}. {at.accepted:,} are labelled without you."
        sentence += f" {advice}." if advice else ""
        return NextStep(f"Settle {_images(at.unclear, 'unclear ')}", sentence, "Review", "/review", "r")
    if at.images and not at.rounds and not at.labelers_run and at.new:
        return _seed(at)
    return None


def _seed(at: Standing) -> NextStep | None:
    if at.seed_left:
        title = f"Label {_images(at.seed_left, 'more ' if at.seed else '')}"
        sentence = f"{_minutes(at.seed_left * at.seconds_each)}. The labelers learn from them."
        return NextStep(title, sentence, "Label", "/label", "l")
    if at.missing:
        return NextStep("Label a few more images", at.missing, "Label", "/label", "l")
    return None


def _disputed(at: Standing) -> NextStep | None:
    if not at.disputed:
        return None
    title = f"Decide {_images(at.disputed, '')} on which people differ"
    return NextStep(title, "An engineer’s word stands.", "Adjudicate", "/adjudicate", "a")


def _engineers(at: Standing) -> NextStep:
    if not at.images:
        return NextStep("Import images", "A zip or a folder; labels may come along.", "Import", "/images", "i")
    if at.labelers_run:
        return NextStep(
            "The labelers are at work", "They learn, then look at every image.", "Watch", "/jobs", "w"
        )
    if at.new:
        return _train(at)
    return _finish(at)


def _finish(at: Standing) -> NextStep:
    """Nothing waits for the labelers any more: prove the labels, use them, read what came of it."""
    if at.accepted and at.rounds and not at.audited and not at.bakeoff_runs and not at.bakeoffs:
        sentence = f"A random sample tells how many of the {at.accepted:,} are wrong at most."
        return NextStep("Audit what the labelers accepted", sentence, "Plan it", "/audit", "a")
    if at.bakeoff_runs:
        return NextStep("The classifiers are training", "One after the other.", "Watch", "/jobs", "w")
    if not at.bakeoffs:
        sentence = f"{at.images - at.set_aside:,} images are labelled."
        return NextStep("Train the final classifiers", sentence, "Choose models", "/results", "t")
    return NextStep(
        "Read the results",
        "The classifiers are compared on one page.",
        "Results",
        "/results",
        "r",
    )


def _train(at: Standing) -> NextStep:
    if at.rounds:
        sentence = "The labelers have not seen them yet."
        return NextStep(
            f"{_images(at.new, 'new ')} came in", sentence, "Train the labelers", "/labelers", "t", posts=True
        )
    sentence = f"They learn from your {at.seed:,} labels and look at the other {at.new:,} images."
    return NextStep("Train the labelers", sentence, "Train", "/labelers", "t", posts=True)


def _images(number: int, kind: str) -> str:
    return f"{number:,} {kind}image{'' if number == 1 else 's'}"


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "Less than a minute"
    number, unit = (minutes, "minute") if minutes < 60 else (round(minutes / 60), "hour")
    return f"About {number} {unit}{'' if number == 1 else 's'}"
