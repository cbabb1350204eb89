"""Training settings as a person writes them: `epochs=60, mixup=0.2, balanced=true`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from app.errors import BadInputError
from app.languages import gettext as _
from ml.errors import RunError
from ml.settings import TrainSettings, with_overrides

KNOWN = sorted(field.name for field in fields(TrainSettings))


def read_setting(words: str) -> tuple[str, Any] | None:
    """Return the name and the value of `NAME=VALUE`; None for anything else."""
    name, _equals, value = words.partition("=")
    if not (name and value):
        return None
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def read_settings(given: Iterable[str]) -> dict[str, Any]:
    """Return settings by their names; raise BadInputError naming what is none."""
    found: dict[str, Any] = {}
    for words in given:
        if (setting := read_setting(words)) is None:
            sentence = _("Settings are written NAME=VALUE, such as epochs=10, not %(words)s.")
            raise BadInputError(sentence % {"words": words})
        found[setting[0]] = setting[1]
    return found


def check_settings(changes: dict[str, Any]) -> None:
    """Raise BadInputError for a setting that there is not, or a value that cannot be, before anything waits."""
    try:
        with_overrides(TrainSettings(), changes)
    except RunError as error:
        raise BadInputError(str(error)) from error
