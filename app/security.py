"""Who asks, and what every answer and every unsafe request must carry."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import Settings
from app.db import ReadSessionDep
from app.errors import ForbiddenError, NotSignedInError
from app.languages import gettext as _
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


async def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(get_settings)]


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What the database keeps of a token: a leaked table signs nobody in."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(session: Session, user: User, days: int, browser: str = "") -> str:
    """Add a session row for `user` and return the cookie's token."""
    token = new_token()
    session.add(
        UserSession(
            token_hash=token_hash(token),
            user_id=user.id,
            expires_at=now() + timedelta(days=days),
            browser=browser[:80],
        )
    )
    return token


LIVE_SESSION = (
    UserSession.token_hash == bindparam("token_hash"),
    UserSession.user_id == User.id,
    UserSession.revoked_at.is_(None),
    UserSession.expires_at > bindparam("moment", type_=UserSession.expires_at.type),
    User.disabled_at.is_(None),
)
"""The conditions, run with `live(token)`. Statements with them are built once, since every request asks one."""
SESSION = select(UserSession, User).where(*LIVE_SESSION)


def live(token: str) -> dict[str, Any]:
    return {"token_hash": token_hash(token), "moment": now()}


def find_session(session: Session, token: str | None) -> tuple[UserSession, User] | None:
    """Return a live session and whose it is; None when unknown, over, revoked, or the user disabled."""
    row = session.execute(SESSION, live(token)).first() if token else None
    return (row[0], row[1]) if row else None


def is_https(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return request.url.scheme == "https" or settings.public_url.startswith("https:")


def cookie_name(request: Request) -> str:
    """`__Host-` binds the cookie to this host and to https, where there is https."""
    return f"__Host-{COOKIE}" if is_https(request) else COOKIE


def set_session_cookie(request: Request, response: Response, token: str, days: int) -> None:
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=days * 86400,
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )


def drop_session_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(
        cookie_name(request), path="/", secure=is_https(request), httponly=True, samesite="lax"
    )


def cookie_of(request: Request) -> str | None:
    return request.cookies.get(cookie_name(request))


def find_current_user(request: Request, session: ReadSessionDep) -> User | None:
    found = find_session(session, cookie_of(request))
    if found is None:
        return None
    request.state.session_id = found[0].id
    request.state.user = found[1]
    return found[1]


AnyoneDep = Annotated[User | None, Depends(find_current_user)]
"""The signed-in user, or None."""


async def current_user(user: AnyoneDep) -> User:
    if user is None:
        raise NotSignedInError(_("Please sign in."))
    return user


UserDep = Annotated[User, Depends(current_user)]


def may_act_as(user: User, role: Role) -> bool:
    return RANK[Role(user.role)] >= RANK[role]


def require(user: User, role: Role) -> User:
    """Return `user`; raise ForbiddenError when they may not do what `role` may."""
    if not may_act_as(user, role):
        raise ForbiddenError(_("Your role does not allow this."))
    return user


async def current_engineer(user: UserDep) -> User:
    return require(user, Role.ENGINEER)


async def current_admin(user: UserDep) -> User:
    return require(user, Role.ADMIN)


EngineerDep = Annotated[User, Depends(current_engineer)]
AdminDep = Annotated[User, Depends(current_admin)]


def local_path(address: str, otherwise: str = "/") -> str:
    """Return `address` if a browser will read it as a path on this server, else `otherwise`."""
    ordinary = re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", address)
    return address if ordinary else otherwise


def security_headers(request: Request) -> dict[str, str]:
    """What every answer carries."""
    headers = dict(HEADERS)
    if is_https(request):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if not request.url.path.startswith("/static/"):
        headers["Cache-Control"] = "private, no-store"
    return headers


class SecurityMiddleware:
    """Sets the headers on every answer, and refuses unsafe requests that another site made a browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(request).items():
                    headers.setdefault(name, value)
            await send(message)

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
        settings: Settings = request.app.state.settings
        ours = {request.headers.get("Host"), urlsplit(settings.public_url).netloc} - {"", None}
        return urlsplit(origin).netloc not in ours
    return bool(request.cookies)
