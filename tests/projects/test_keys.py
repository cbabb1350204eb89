from __future__ import annotations

import string

import pytest

from app.projects.keys import MOST_CLASSES, PREFERRED, RESERVED, free_keys, key_problem


def test_digits_come_first_then_letters_that_the_review_screen_leaves():
    assert free_keys((), 12) == list("1234567890ab")
    assert free_keys({"1", "a"}, 10) == list("234567890b")
    assert not set(PREFERRED) & RESERVED


def test_every_default_key_can_be_chosen_by_hand_too():
    assert [key for key in free_keys((), MOST_CLASSES) if key_problem(key, ())] == []


@pytest.mark.parametrize("key", [*" ?cxmfvuzp+-", "", "ab", "\n", "\x00", "é", "🙂", "\u200b"])
def test_keys_that_would_not_answer_are_refused(key: str):
    assert key_problem(key, ())


def test_a_key_answers_with_one_class():
    assert "another class" in (key_problem("1", {"1"}) or "")
    assert key_problem("2", {"1"}) is None


def test_punctuation_of_a_keyboard_will_do():
    usable = [key for key in string.punctuation if key_problem(key, ()) is None]
    assert set(usable) == set(string.punctuation) - RESERVED
