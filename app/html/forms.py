"""From a submitted form to a checked value, or to sentences beside the fields."""

from __future__ import annotations

from collections.abc import Mapping
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


def _field(location: tuple[int | str, ...]) -> str:
    return str(location[0]) if location else ""


def _sentence(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return "Please fill this in."
    if error["type"] == "extra_forbidden":
        return "This field is not known here."
    text = str(error["msg"]).removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
