"""What signing in does to the browser: a new session under a new token, never one that it brought along."""

from __future__ import annotations

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.models import User
from app.security import drop_session_cookie, set_session_cookie
from app.users.browser import browser_name
from app.users.service import replace_session


def enter(session: Session, request: Request, user: User) -> str:
    """Open a session for `user` in place of the browser's old one; return the token for the cookie."""
    return replace_session(
        session,
        user,
        old_id=getattr(request.state, "session_id", None),
        days=request.app.state.settings.session_days,
        browser=browser_name(request.headers.get("User-Agent", "")),
    )


def see(path: str) -> Response:
    return Response(status_code=303, headers={"Location": path})


def see_as(request: Request, token: str, path: str) -> Response:
    """Go to `path` with the new session's cookie."""
    response = see(path)
    set_session_cookie(request, response, token, request.app.state.settings.session_days)
    return response


def see_signed_out(request: Request) -> Response:
    response = see("/sign-in")
    drop_session_cookie(request, response)
    return response
