"""Which language the pages speak: the reader's choice, else the browser's; by gettext's catalogues."""

from __future__ import annotations

import gettext as catalogues
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ml import wording

LANGUAGES = {"en": "English", "ru": "Русский"}
"""The first is what the sources are written in."""
SOURCE = "en"
COOKIE = "squint_language"
MARKS = {"ru": {ord(","): "\u00a0", ord("."): ","}}
"""What stands for the comma and the point of a number."""
LOCALE = Path(__file__).parent / "locale"

_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def current_language() -> str:
    return _language.get()


@contextmanager
def in_english() -> Iterator[None]:
    """For what is taken away: its next reader need not be who asked for it."""
    before = _language.set(SOURCE)
    try:
        yield
    finally:
        _language.reset(before)


def gettext(message: str) -> str:
    return _catalogue(_language.get()).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the sentence for so many, in the language's own plural forms."""
    return _catalogue(_language.get()).ngettext(one, many, number)


def written(number: str) -> str:
    """`1,234.5` → as the reader's language writes it."""
    return number.translate(MARKS.get(_language.get(), {}))


def decimal(number: float, digits: int) -> str:
    """0.5 → `0.50`, or as the reader's language writes it."""
    return written(f"{number:.{digits}f}")


def fixed(fraction: float, digits: int = 3) -> str:
    """0.9876 → `.988`, and 1 → `1.000`: how English tables show metrics; other languages keep their zero."""
    text = decimal(fraction, digits)
    return text.removeprefix("0") if text.startswith("0.") else text


def counted(one: str, many: str, number: int) -> str:
    """Return the sentence for so many, with the number written in for `%(number)s`."""
    return ngettext(one, many, number) % {"number": written(f"{number:,}")}


def filled(text: str, sentences: Mapping[re.Pattern[str], str]) -> str | None:
    """Return the reader's sentence for a text that was kept in English, filled with what its pattern names.

    None: no pattern fits all of it.
    """
    for pattern, sentence in sentences.items():
        if said := pattern.fullmatch(text):
            return sentence % said.groupdict()
    return None


def listed(names: Sequence[str]) -> str:
    """`["a", "b", "c"]` → `a, b and c`, or as the reader's language joins them."""
    return wording.listed(names, gettext(" and "))


@cache
def _catalogue(language: str) -> catalogues.NullTranslations:
    return catalogues.translation("squint", LOCALE, [language], fallback=language == SOURCE)


def choose(wanted: str | None, accepted: str) -> str:
    """Return a language that there is: the `wanted` one, else the best of an Accept-Language header."""
    if wanted in LANGUAGES:
        return wanted
    for language in _by_preference(accepted):
        if language in LANGUAGES:
            return language
    return SOURCE


def _by_preference(accepted: str) -> list[str]:
    """`ru-RU,en;q=0.5` → `["ru", "en"]`; what cannot be read comes last."""
    weighed = []
    for part in accepted.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((float(weight or 1), tag.partition("-")[0].lower()))
        except ValueError:
            weighed.append((0.0, ""))
    return [language for weight, language in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


class LanguageMiddleware:
    """Lets everything that answers a request speak its reader's language."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            accepted = request.headers.get("Accept-Language", "")
            _language.set(choose(request.cookies.get(COOKIE), accepted))
        await self.app(scope, receive, send)
