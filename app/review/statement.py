"""What an audit may say: one rule over what became of its sample, in the order of drawing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.languages import gettext as _
from app.languages import written
from ml.audit import CONFIDENCE, most_wrong, most_wrong_at_any_look, upper_bound

RIGHT, WRONG, CANT_TELL = "right", "wrong", "cant_tell"
FIXED = "fixed"
METHODS = {
    FIXED: "one-sided Clopper–Pearson; size fixed before the first answer",
    "open": "one-sided confidence sequence for drawing without replacement (Waudby-Smith and Ramdas 2020); "
    "holds at every look",
}


@dataclass(frozen=True)
class Statement:
    """What is known, and what is not. Shares are 0..1 of the pile as it was when the sample was drawn."""

    plan: str
    pile: int
    size: int
    answered: int
    checked: int
    """Of these it speaks: all, or with an open plan those before the first unanswered one."""
    wrong: int
    cant_tell: int
    bound: float
    """At most this share is wrong, 95 %; 1 while nothing can be said."""
    most_wrong: int
    """At most so many labels of the pile, counted exactly for a pile of this size."""

    @property
    def speaks(self) -> bool:
        return self.checked > 0 and (self.plan != FIXED or self.answered == self.size)

    @property
    def complete(self) -> bool:
        return self.answered == self.size

    @property
    def not_confirmed(self) -> int:
        """A label of which a person cannot tell counts as wrong: nothing else keeps the bound honest."""
        return self.wrong + self.cant_tell

    @property
    def left(self) -> int:
        """Labels of the pile that nobody has checked."""
        return self.pile - self.checked

    @property
    def most_wrong_left(self) -> int:
        return self.most_wrong - self.not_confirmed

    @property
    def bound_left(self) -> float:
        return self.most_wrong_left / self.left if self.left else 0.0

    @property
    def sentence(self) -> str:
        if not self.speaks:
            sentence = _("%(answered)s of %(size)s checked; it speaks when all of them are.")
            return sentence % {"answered": written(f"{self.answered:,}"), "size": written(f"{self.size:,}")}
        found = _("%(wrong)s of %(checked)s wrong") % {
            "wrong": written(f"{self.not_confirmed:,}"),
            "checked": written(f"{self.checked:,}"),
        }
        unsure = _(", %(number)s of them because nobody can tell") % {"number": self.cant_tell}
        bound = _(": at most %(bound)s of the accepted labels are wrong (95 %%).")
        return f"{found}{unsure if self.cant_tell else ''}{bound % {'bound': _percent(self.bound)}}"

    @property
    def sentence_left(self) -> str:
        """Of the pile as it is now that the checked labels are a person's."""
        if not self.left:
            return _("Every accepted label was checked; none is left to doubt.")
        fixed = _("counted for a pile of just this size, hypergeometric")
        sentence = _(
            "The checked labels are a person’s now. Of the %(left)s others at most %(wrong)s are wrong, "
            "%(share)s (95 %%; %(how)s)."
        )
        return sentence % {
            "left": written(f"{self.left:,}"),
            "wrong": written(f"{self.most_wrong_left:,}"),
            "share": _percent(self.bound_left),
            "how": fixed if self.plan == FIXED else _("at every look"),
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "plan": self.plan,
            "pile": self.pile,
            "size": self.size,
            "answered": self.answered,
            "checked": self.checked,
            "wrong": self.wrong,
            "cant_tell": self.cant_tell,
            "bound": round(self.bound, 6),
            "most_wrong": self.most_wrong,
            "left": {
                "labels": self.left,
                "most_wrong": self.most_wrong_left,
                "bound": round(self.bound_left, 6),
            },
            "confidence": CONFIDENCE,
            "method": METHODS[self.plan],
            "statement": self.sentence,
        }


def state(plan: str, pile: int, outcomes: Sequence[str | None]) -> Statement:
    """Judge a sample of `pile` labels by its outcomes in the order of drawing; None: nobody has answered."""
    answered = sum(outcome is not None for outcome in outcomes)
    spoken = list(outcomes) if plan == FIXED else list(outcomes)[: _unbroken(outcomes)]
    wrong, cant_tell = spoken.count(WRONG), spoken.count(CANT_TELL)
    checked = len(spoken) - spoken.count(None)
    failed = wrong + cant_tell
    if plan != FIXED:
        most = most_wrong_at_any_look(failed, checked, pile)
        bound = most / pile
    elif answered == len(outcomes):
        most, bound = most_wrong(failed, checked, pile), upper_bound(failed, checked)
        bound = most / pile if checked == pile else bound
    else:
        most, bound = pile, 1.0
    return Statement(plan, pile, len(outcomes), answered, checked, wrong, cant_tell, bound, most)


def _unbroken(outcomes: Sequence[str | None]) -> int:
    """Who answers late may have the harder images: only what comes before the first gap may be counted."""
    return next((place for place, outcome in enumerate(outcomes) if outcome is None), len(outcomes))


def _percent(share: float) -> str:
    return written(f"{100 * share:.1f} %")
