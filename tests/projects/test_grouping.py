from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.projects.grouping import group_of, pattern_problem


@pytest.mark.parametrize(
    ("pattern", "name", "group"),
    [
        (r"(\d+)_(?:left|right)", "faces/0012_left.png", "0012"),
        (r"(\d+)_(?:left|right)", "0012_mid.png", None),
        (r"^([^_]+)_", "ann_1.png", "ann"),
        (r"(?:face)?([a-z]{3})", "faceabc", "abc"),
        (r"([0-9]{4})", "2026.png", "2026"),
        (r"(\d)?x", "x.png", None),
        ("", "x.png", None),
    ],
)
def test_the_brackets_name_the_group(pattern: str, name: str, group: str | None):
    assert pattern_problem(pattern) is None
    assert group_of(pattern, name) == group


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("(", "not a regular expression"),
        ("[z-a](x)", "not a regular expression"),
        (r"(x){9999999999}", "not a regular expression"),
        (r"\d+", "one pair of brackets"),
        (r"(\d)(\d)", "one pair of brackets"),
        (r"(.*).*.*.*x", "at most 3 parts of open length"),
        ("(" + "a?" * 30 + ")", "at most 3 parts of open length"),
        ("(a|b|" + "c|" * 99 + ")", "at most 200 characters"),
        (r"(a)\1", "back-references"),
        (r"(?=a)(b)", "Look-arounds"),
        (r"(?<!a)(b)", "Look-arounds"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(pattern: str, part: str):
    assert part in (pattern_problem(pattern) or "")


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"(?:a|a)*(b)",
        r"(?:a*)*(b)",
        r"(?:a|aa)+(b)",
        r"((?:a?){30}a{30})",
        r"(?:(?:a+)b?)+(c)",
        r"(?:.*a){9}(x)",
    ],
)
def test_a12_patterns_that_may_take_for_ever_are_refused(pattern: str):
    assert "repeated part" in (pattern_problem(pattern) or "")


@pytest.mark.parametrize("pattern", [r"(.*)a*a*b", r"(a*)a*a*$x", r"(?:a|a)(?:a|a)(?:a|a)(b)", r"(\w+)\w+\w+!"])
def test_a12_the_slowest_pattern_taken_answers_in_a_tenth_of_a_second(pattern: str):
    assert pattern_problem(pattern) is None

    def seconds() -> float:
        start = time.process_time()
        group_of(pattern, "a" * 5000)
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) < 0.1


@given(st.text(alphabet=r"ab01()[]{}?*+|\dw^$.:=!<P,-", max_size=40), st.text(max_size=50))
@settings(max_examples=400)
def test_every_text_is_a_usable_pattern_or_gets_a_sentence(pattern: str, name: str):
    problem = pattern_problem(pattern)
    if problem is None:
        group_of(pattern, name)
    else:
        assert problem.endswith(".")
