"""What training notes of its own making, in the reader's language."""

from __future__ import annotations

import re

from app.languages import filled, listed
from app.languages import gettext as _

FOLDS = re.compile(r"Judged by (?P<folds>\d+) folds: .* all of them, (?P<number>\d+) only to choose the epoch\.")
"""As `ml.training` says it."""
FEW = re.compile(r"Nothing is accepted before there are (?P<fewest>\d+) answers; there are (?P<number>\d+)\.")
RARE = re.compile(
    r"Nothing is accepted as (?P<name>.+) yet: (?P<fewest>\d+) answers are needed; it has (?P<number>\d+)\."
)
"""As `ml.labelers.evidence` says them."""
OLDER = re.compile(r"The compact net learnt from (?P<number>\d+) answers\.")
"""As `ml.compact_view` says it."""


def note_in_words(note: str) -> str:
    """Return what a round or a bake-off notes, as the reader says it."""
    sentences = {
        FOLDS: _(
            "Judged by %(folds)s folds: every image by a model that had seen nothing of its group. The models "
            "that are kept learned from all of them, %(number)s only to choose the epoch."
        ),
        FEW: _("Nothing is accepted before there are %(fewest)s answers; there are %(number)s."),
        RARE: _("Nothing is accepted as %(name)s yet: %(fewest)s answers are needed; it has %(number)s."),
        OLDER: _("The compact net learnt from %(number)s answers."),
    }
    return filled(note, sentences) or _of_models(note)


def _of_models(note: str) -> str:
    titles, _colon, what = note.partition(": ")
    words = {
        "trained with settings that a search chose.": _("trained with settings that a search chose."),
        "trained with settings that a search chose, on some of the images that judge here: its figures flatter a "
        "little.": _(
            "trained with settings that a search chose, on some of the images that judge here: its figures "
            "flatter a little."
        ),
        "began from what the images themselves teach without labels, those of the test part among them; new "
        "images may be a little harder.": _(
            "began from what the images themselves teach without labels, those of the test part among them; new "
            "images may be a little harder."
        ),
        "trained from scratch; pretrained weights likely err less.": _(
            "trained from scratch; pretrained weights likely err less."
        ),
    }
    return f"{listed(titles.split(' and '))}: {words[what]}" if what in words else note
