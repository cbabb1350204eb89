"""Pages and fragments from one template: `layout` is the whole page, or for htmx only the asked-for block."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.templating import Jinja2Templates

from app.config import REPOSITORY
from app.html.htmx import is_htmx
from app.html.static import static_url
from app.languages import LANGUAGES, current_language, decimal, fixed, gettext, listed, ngettext, written
from app.notes import note_in_words
from app.words import labeler_word

TEMPLATES = Jinja2Templates(directory=REPOSITORY / "templates")


def count(number: float) -> str:
    """4000 → `4,000`."""
    return written(f"{number:,.0f}")


def percent(fraction: float, digits: int = 1) -> str:
    """0.026 → `2.6 %`."""
    return written(f"{100 * fraction:.{digits}f} %")


def duration(seconds: float) -> str:
    """75 → `1 min 15 s`; 3700 → `1 h 2 min`."""
    whole = round(seconds)
    parts = {"h": whole // 3600, "min": whole % 3600 // 60, "s": whole % 60}
    if whole < 60:
        return gettext("%(s)d s") % parts
    if whole < 3600:
        return gettext("%(min)d min %(s)d s") % parts
    return gettext("%(h)d h %(min)d min") % parts


def ago(moment: datetime) -> str:
    """How long since `moment`, as a person would say it."""
    seconds = (datetime.now(moment.tzinfo) - moment).total_seconds()
    days, hours, minutes = (int(seconds // unit) for unit in (86400, 3600, 60))
    if days:
        return ngettext("%(number)d day ago", "%(number)d days ago", days) % {"number": days}
    if hours:
        return ngettext("%(number)d hour ago", "%(number)d hours ago", hours) % {"number": hours}
    if minutes:
        return ngettext("%(number)d minute ago", "%(number)d minutes ago", minutes) % {"number": minutes}
    return gettext("just now")


def date(moment: datetime) -> str:
    """`26 Dec 2026`, or as the reader's language writes it."""
    return moment.strftime(gettext("%-d %b %Y"))


def for_each_reader(write: Callable[..., str]) -> Callable[..., str]:
    """A filter that Jinja does not work out once and for all where its number stands in the template."""

    @pass_context
    @wraps(write)
    def written_now(_context: Context, *given: Any, **chosen: Any) -> str:
        return write(*given, **chosen)

    return written_now


_environment = TEMPLATES.env
_environment.undefined = StrictUndefined
_environment.trim_blocks = _environment.lstrip_blocks = True
for _write in (count, percent, decimal, fixed, listed, duration, ago, date):
    _environment.filters[_write.__name__] = for_each_reader(_write)
_environment.filters.update(note=note_in_words, labeler=labeler_word)
_environment.globals.update(static_url=static_url, current_language=current_language, languages=LANGUAGES)
_environment.add_extension("jinja2.ext.i18n")
_environment.policies["ext.i18n.trimmed"] = True
_environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]


def render(request: Request, template: str, *, status_code: int = 200, **context: Any) -> HTMLResponse:
    """Render `template`; a page whose answer depends on htmx says so to caches."""
    fragment = is_htmx(request) and not request.headers.get("HX-Boosted")
    response = TEMPLATES.TemplateResponse(
        request,
        template,
        {
            "layout": "fragment.html" if fragment else "base.html",
            "user": getattr(request.state, "user", None),
            "project": getattr(request.state, "project", None),
            **context,
        },
        status_code=status_code,
    )
    response.headers["Vary"] = "HX-Request, Accept-Language, Cookie"
    return response
