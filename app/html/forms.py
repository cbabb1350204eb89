"""From a submitted form to a checked value, or to sentences beside the fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import BadInputError
from app.languages import gettext as _

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


def _sentence(error: Mapping[str, Any]) -> str:
    """Pydantic speaks to programmers; these are for people."""
    sentences = {
        "missing": _("Please fill this in."),
        "extra_forbidden": _("This field is not known here."),
        "string_too_short": _("Please use %(min_length)s characters or more."),
        "string_too_long": _("Please use %(max_length)s characters at most."),
        "greater_than_equal": _("The smallest number here is %(ge)s."),
        "less_than_equal": _("The largest number here is %(le)s."),
        "int_parsing": _("Please give a whole number."),
        "enum": _("Please choose %(expected)s."),
    }
    if not str(error["input"]).strip():
        return sentences["missing"]
    if known := sentences.get(error["type"]):
        return str(known % error.get("ctx", {}))
    text = str(error["msg"]).removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
