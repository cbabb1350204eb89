"""From a submitted form to a checked value, or to sentences beside the fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import BadInputError

Form = TypeVar("Form", bound=BaseModel)
FormErrors = dict[str, str]


def parse(model: type[Form], data: Mapping[str, Any]) -> tuple[Form | None, FormErrors]:
    """Return the value and no errors, or None and one sentence per field (`""` for the form as a whole)."""
    try:
        return model.model_validate(dict(data)), {}
    except ValidationError as error:
        return None, {_field(e["loc"]): _sentence(e) for e in error.errors()}


def parse_or_refuse(model: type[Form], data: Mapping[str, Any]) -> Form:
    """Return the value, or raise BadInputError naming the first field: for forms of one or two fields."""
    form, errors = parse(model, data)
    if form is None:
        field, sentence = next(iter(errors.items()))
        raise BadInputError(f"{field}: {sentence}" if field else sentence)
    return form


def with_unplaced(errors: FormErrors, shown: Collection[str]) -> FormErrors:
    """Bring errors of fields that the page does not show to the form as a whole, so that none is lost."""
    unplaced = [f"{field}: {sentence}" for field, sentence in errors.items() if field and field not in shown]
    return {**errors, "": " ".join([errors.get("", ""), *unplaced]).strip()}


def _field(location: tuple[int | str, ...]) -> str:
    return str(location[0]) if location else ""


SENTENCES = {
    "missing": "Please fill this in.",
    "extra_forbidden": "This field is not known here.",
    "string_too_short": "Please use {min_length} characters or more.",
    "string_too_long": "Please use {max_length} characters at most.",
    "greater_than_equal": "The smallest number here is {ge}.",
    "less_than_equal": "The largest number here is {le}.",
    "int_parsing": "Please give a whole number.",
    "enum": "Please choose {expected}.",
}
"""pydantic speaks to programmers; these are for people."""


def _sentence(error: Mapping[str, Any]) -> str:
    if not str(error["input"]).strip():
        return SENTENCES["missing"]
    if known := SENTENCES.get(error["type"]):
        return known.format(**error.get("ctx", {}))
    text = str(error["msg"]).removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
