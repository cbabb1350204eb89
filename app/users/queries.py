from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.languages import gettext as _
from app.models import Project, Role, SignInLink, User, UserSession, now
from app.security import token_hash


def find_user_by_email(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(User.email == email.lower()))


def get_user(session: Session, user_id: int) -> User:
    user = session.get(User, user_id) if 0 < user_id < 2**31 else None
    if user is None:
        raise NotFoundError(_("There is no such person."))
    return user


def find_first_admin(session: Session) -> User | None:
    return session.scalar(
        select(User).where(User.role == Role.ADMIN, User.disabled_at.is_(None)).order_by(User.id).limit(1)
    )


def has_admin(session: Session) -> bool:
    return session.scalar(select(User.id).where(User.role == Role.ADMIN).limit(1)) is not None


def get_link(session: Session, token: str) -> SignInLink:
    """Raise NotFoundError alike for an unknown, a used and an expired link."""
    link = session.scalar(
        select(SignInLink).where(
            SignInLink.token_hash == token_hash(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now(),
        )
    )
    if link is None or (link.purpose == "first_admin" and has_admin(session)):
        raise NotFoundError(_("This link has been used, or is too old."))
    return link


@dataclass(frozen=True)
class Person:
    """A row of the people page."""

    user: User
    signed_in_at: datetime | None


def list_people(session: Session) -> list[Person]:
    newest = (
        select(UserSession.user_id, func.max(UserSession.created_at).label("at"))
        .group_by(UserSession.user_id)
        .subquery()
    )
    rows = session.execute(
        select(User, newest.c.at).outerjoin(newest, newest.c.user_id == User.id).order_by(User.email)
    )
    return [Person(user, at) for user, at in rows]


@dataclass(frozen=True)
class Invitation:
    link: SignInLink
    project: Project | None
    invited_by: User | None


def list_open_invitations(session: Session, project_id: int | None = None) -> list[Invitation]:
    """All that wait to be accepted, newest first; of one project when `project_id` is given."""
    query = (
        select(SignInLink, Project, User)
        .outerjoin(Project, Project.id == SignInLink.project_id)
        .outerjoin(User, User.id == SignInLink.created_by_id)
        .where(SignInLink.purpose == "invite", SignInLink.used_at.is_(None), SignInLink.expires_at > now())
        .order_by(SignInLink.id.desc())
    )
    if project_id is not None:
        query = query.where(SignInLink.project_id == project_id)
    return [Invitation(*row) for row in session.execute(query)]


def list_live_sessions(session: Session, user_id: int) -> list[UserSession]:
    return list(
        session.scalars(
            select(UserSession)
            .where(
                UserSession.user_id == user_id,
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > now(),
            )
            .order_by(UserSession.id.desc())
        )
    )
