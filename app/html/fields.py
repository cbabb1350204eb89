"""Kinds of text that forms take, with the sentence for what they refuse."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from app.languages import gettext as _

DIRECTION_MARKS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the text around them; a name with one can pass for another."""

# No mail is ever sent: `me@localhost` and `ann@lab.local` name people well enough.
for _domain in ("localhost", "local", "test"):
    SPECIAL_USE_DOMAIN_NAMES.remove(_domain)


class FormModel(BaseModel):
    """A form: unknown fields are refused, so that nobody sets what the page does not offer."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def plain_text(text: str) -> str:
    if any(unicodedata.category(c) in {"Cc", "Cs"} or c in DIRECTION_MARKS for c in text):
        raise ValueError(_("Please leave out control characters."))
    return unicodedata.normalize("NFC", text)


def email_address(text: str) -> str:
    """Lower case; a name within a private network will do."""
    try:
        parts = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    return parts.normalized.lower()


def checked(value: object) -> object:
    """A checkbox sends `true`, or nothing."""
    return value == "true" if isinstance(value, str) else value


PlainText = Annotated[str, AfterValidator(plain_text)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(plain_text)]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(email_address)]
Checkbox = Annotated[bool, BeforeValidator(checked)]
