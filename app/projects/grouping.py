"""The pattern that reads an image's group from its file name, kept to what cannot hang the server.

Python's `re` may try exponentially many ways to match a pattern such as `(a+)+$`. A pattern in which no repeat
holds a repeat or a choice, with few parts of variable length, cannot: its work is bounded by a small power of the
name's length.
"""

from __future__ import annotations

import re
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from app.languages import gettext as _

LONGEST_PATTERN = 200
LONGEST_NAME = 100
"""Only so many of a name's last characters are looked at."""
MOST_VARIABLE_PARTS = 3
REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
PLAIN = {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN, op.AT}


def pattern_problem(pattern: str) -> str | None:
    """Say in a sentence why `pattern` cannot be used; None if it can. Empty means: no groups by name."""
    try:
        _check(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"This is not a regular expression: {error}."
    except ValueError as error:
        return str(error)
    return None


def _check(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(_("A pattern has at most %(number)s characters.") % {"number": LONGEST_PATTERN})
    if pattern and re.compile(pattern).groups != 1:
        raise ValueError(_("Put one pair of brackets around the part that names the group, as in (\\d+)_left."))
    if _variable_parts(_parser.parse(pattern)) > MOST_VARIABLE_PARTS:
        raise ValueError(
            _("A pattern has at most %(number)s parts of open length, such as .* or \\d+.")
            % {"number": MOST_VARIABLE_PARTS}
        )


def group_of(pattern: str, name: str) -> str | None:
    """Return the group that a file name belongs to, or None when the pattern does not find one in it."""
    found = re.search(pattern, name[-LONGEST_NAME:]) if pattern else None
    return found.group(1) if found else None


def _variable_parts(tree: Any, *, repeated: bool = False) -> int:
    """Count the parts of variable length; raise ValueError for what may take for ever."""
    return sum(_parts_of(code, argument, repeated=repeated) for code, argument in tree)


def _parts_of(code: Any, argument: Any, *, repeated: bool) -> int:
    if code in PLAIN:
        return 0
    if repeated and code is not op.SUBPATTERN:
        raise ValueError(_("A repeated part may hold plain characters only, no repeat and no choice."))
    if code in REPEATS:
        least, most, inner = argument
        return int(least != most) + _variable_parts(inner, repeated=True)
    if code is op.SUBPATTERN:
        return _variable_parts(argument[3], repeated=repeated)
    if code is op.BRANCH:
        return 1 + sum(_variable_parts(branch) for branch in argument[1])
    raise ValueError(_("Look-arounds and back-references are not taken here."))
