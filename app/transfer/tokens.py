"""Tokens by which programs ask a project's model: shown once, kept as a hash, taken back at any time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.errors import ConflictError, NotFoundError
from app.languages import gettext as _
from app.models import ApiToken, User, now
from app.security import new_token, token_hash

PREFIX = "squint_"
"""So that a token found in a log or a repository is known for what it is."""
MOST = 20
USE_IS_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class TokenView:
    id: int
    name: str
    by: str
    created_at: datetime
    used_at: datetime | None


def make_token(session: Session, project_id: int, user_id: int, name: str) -> str:
    """Return a new token: the one time that it can be read. Raise ConflictError when there are too many."""
    if len(list_tokens(session, project_id)) >= MOST:
        raise ConflictError(
            _("A project has at most %(number)s tokens; please revoke one first.") % {"number": MOST}
        )
    token = PREFIX + new_token()
    session.add(ApiToken(project_id=project_id, token_hash=token_hash(token), name=name, created_by_id=user_id))
    return token


def revoke_token(session: Session, project_id: int, token_id: int) -> None:
    """End a token at once; ended twice it is ended once."""
    row = session.get(ApiToken, token_id) if 0 < token_id < 2**31 else None
    if row is None or row.project_id != project_id:
        raise NotFoundError(_("There is no such token."))
    row.revoked_at = row.revoked_at or now()


def find_token(session: Session, token: str) -> ApiToken | None:
    """Return a token that still counts."""
    return session.scalar(
        select(ApiToken).where(ApiToken.token_hash == token_hash(token), ApiToken.revoked_at.is_(None))
    )


def list_tokens(session: Session, project_id: int) -> list[TokenView]:
    """Return the tokens that still count, newest first."""
    rows = session.execute(
        select(ApiToken, User.email)
        .outerjoin(User, User.id == ApiToken.created_by_id)
        .where(ApiToken.project_id == project_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id.desc())
    )
    return [TokenView(row.id, row.name, email or "somebody", row.created_at, row.used_at) for row, email in rows]


def is_use_worth_noting(token: ApiToken) -> bool:
    return token.used_at is None or now() - token.used_at > USE_IS_NOTED_EVERY


def note_use(session: Session, token_id: int) -> None:
    stale = or_(ApiToken.used_at.is_(None), ApiToken.used_at < now() - USE_IS_NOTED_EVERY)
    session.execute(update(ApiToken).where(ApiToken.id == token_id, stale).values(used_at=now()))
