"""How long an answer takes: one rule, wherever minutes of labelling are told."""

from __future__ import annotations

GUESSED_SECONDS = 2.5
"""An answer takes about so long, until enough answers say how long it takes here."""
ENOUGH_ANSWERS = 10


def seconds_each(answers: int, answer_seconds: float) -> float:
    if answers < ENOUGH_ANSWERS or not answer_seconds:
        return GUESSED_SECONDS
    return answer_seconds / answers
