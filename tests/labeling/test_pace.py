"""How long an answer takes."""

from __future__ import annotations

import pytest

from app.labeling.pace import ENOUGH_ANSWERS, GUESSED_SECONDS, seconds_each


@pytest.mark.parametrize(
    ("answers", "seconds", "each"),
    [
        (0, 0.0, GUESSED_SECONDS),
        (1, 300.0, GUESSED_SECONDS),
        (ENOUGH_ANSWERS, 0.0, GUESSED_SECONDS),
        (ENOUGH_ANSWERS, 40.0, 4.0),
    ],
    ids=["none yet", "one that somebody left lying", "imported without times", "enough"],
)
def test_the_pace_is_guessed_until_enough_answers_tell_it(answers: int, seconds: float, each: float):
    assert seconds_each(answers, seconds) == each
