"""How refusals and faults look: a page, a toast for htmx, or JSON; never a traceback."""

from __future__ import annotations

import logging
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from app.errors import AppError, TryLaterError
from app.html.htmx import is_htmx
from app.html.templating import render
from app.languages import gettext as _
from app.security import security_headers

log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    app.add_exception_handler(AppError, _refusal)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(OperationalError, _busy)
    app.add_exception_handler(PoolTimeoutError, _busy)
    app.add_exception_handler(Exception, _fault)


def answer(request: Request, status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """Say `sentence` in the form this request can show."""
    if is_htmx(request):
        response: Response = render(request, "toast.html", status_code=status, sentence=sentence)
        response.headers.update({"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"})
    elif "text/html" in request.headers.get("Accept", ""):
        response = render(request, "error.html", status_code=status, status=status, sentence=sentence)
    else:
        response = JSONResponse({"error": sentence}, status)
    response.headers.update(headers or {})
    return response


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  registered for it
    if error.status_code == 401 and request.method == "GET":
        # A fragment is no place to come back to: the page around it is.
        shown = urlsplit(request.headers.get("HX-Current-URL", "")).path
        sign_in = f"/sign-in?next={quote(shown or request.url.path)}"
        if is_htmx(request):
            return Response(status_code=204, headers={"HX-Redirect": sign_in})
        if "text/html" in request.headers.get("Accept", ""):
            return RedirectResponse(sign_in, 303)
    wait = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TryLaterError) else None
    return answer(request, error.status_code, str(error), wait)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    sentences = {404: _("There is nothing here."), 405: _("This address does not take that kind of request.")}
    return answer(request, error.status_code, sentences.get(error.status_code, str(error.detail)))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    if all(e["loc"][:1] == ("path",) for e in error.errors()):
        return answer(request, 404, _("There is nothing here."))
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    named = field or _("The request")
    return answer(request, 422, f"{named}: {first['msg']}.")


def _busy(request: Request, error: Exception) -> Response:
    log.error("database: %s", error)
    sentence = _("The database did not answer in time; nothing was saved. Please try again.")
    return answer(request, 503, sentence, {"Retry-After": "2"})


def _fault(request: Request, error: Exception) -> Response:
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    # Starlette sends this one past every middleware.
    return answer(request, 500, "Something went wrong on our side; nothing was saved.", security_headers(request))
