"""Who asks, and what every answer and every unsafe request must carry."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import ReadSessionDep
from app.errors import ForbiddenError, NotSignedInError
from app.models import Role, User, UserSession, now

COOKIE = "squint_session"
RANK = {Role.ANNOTATOR: 0, Role.ENGINEER: 1, Role.ADMIN: 2}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What the database keeps of a token: a leaked table signs nobody in."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(session: Session, user: User, days: int) -> str:
    """Add a session row for `user` and return the cookie's token."""
    token = new_token()
    session.add(
        UserSession(token_hash=token_hash(token), user_id=user.id, expires_at=now() + timedelta(days=days))
    )
    return token


def find_user(session: Session, token: str | None) -> User | None:
    """Return whom a live session belongs to; None when it is unknown, over, revoked, or the user disabled."""
    if not token:
        return None
    return session.scalar(
        select(User)
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.token_hash == token_hash(token),
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > now(),
            User.disabled_at.is_(None),
        )
    )


def current_user(request: Request, session: ReadSessionDep) -> User:
    user = find_user(session, request.cookies.get(COOKIE))
    if user is None:
        raise NotSignedInError("Please sign in.")
    request.state.user = user
    return user


UserDep = Annotated[User, Depends(current_user)]


def _at_least(role: Role) -> type[User]:
    def check(user: UserDep) -> User:
        if RANK[Role(user.role)] < RANK[role]:
            raise ForbiddenError(f"This needs the role {role.value}.")
        return user

    return Annotated[User, Depends(check)]  # type: ignore[return-value]


AnnotatorDep = UserDep
EngineerDep = _at_least(Role.ENGINEER)
AdminDep = _at_least(Role.ADMIN)


class SecurityMiddleware:
    """Sets the headers on every answer, and refuses unsafe requests that another site made a browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "private, no-store")
            await send(message)

        request = Request(scope)
        if request.method not in SAFE_METHODS and is_cross_site(request):
            refusal = PlainTextResponse("This request came from another site and was refused.", 403)
            await refusal(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)


def is_cross_site(request: Request) -> bool:
    """Whether a browser was made to send this by another site: Sec-Fetch-Site, then Origin.

    Without either header only a request that carries no cookie passes: it has no one's rights to abuse.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is not None:
        return urlsplit(origin).netloc != request.headers.get("Host")
    return bool(request.cookies)
