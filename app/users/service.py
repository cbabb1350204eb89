"""Accounts, sessions and the links that work once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.config import Settings
from app.errors import BadInputError, ConflictError, NotFoundError
from app.html.fields import email_address
from app.languages import gettext as _
from app.models import ProjectMember, Role, SignInLink, User, UserSession, now
from app.security import new_token, open_session, token_hash
from app.users.limits import count_try, forget_tries
from app.users.queries import find_first_admin, find_user_by_email, get_link, get_user, has_admin

LINK_LASTS = timedelta(days=1)
INVITATION_LASTS = timedelta(days=7)


def make_terminal_link(session: Session, settings: Settings) -> str:  # noqa: ARG001  the shared signature
    """Return the path of a link for whoever started the server: it makes the first admin, or signs them in."""
    admin = find_first_admin(session)
    if admin is None and not has_admin(session):
        return _new_link(session, "first_admin", Role.ADMIN)
    if admin is None:
        raise ConflictError(_("Every admin is disabled; add one with `squint user add EMAIL --role admin`."))
    return _new_link(session, "sign_in", Role(admin.role), user_id=admin.id)


def create_user(session: Session, email: str, role: Role | str) -> str:
    """Add an account without a password; return the path of the link on which its owner sets one."""
    try:
        user = _add_user(session, email_address(email.strip()), Role(role), None)
    except ValueError as error:
        raise BadInputError(f"{email}: {error}") from error
    return make_password_link(session, user)


def make_password_link(session: Session, user: User) -> str:
    return _new_link(session, "password", Role(user.role), user_id=user.id)


def invite(session: Session, by: User, role: Role, project_id: int | None) -> str:
    """Return the path of a link on which a new person makes an account and lands in the project."""
    return _new_link(session, "invite", role, project_id=project_id, created_by_id=by.id)


def _new_link(session: Session, purpose: str, role: Role, **of: int | None) -> str:
    token = new_token()
    lasts = INVITATION_LASTS if purpose in {"invite", "password"} else LINK_LASTS
    link = SignInLink(token_hash=token_hash(token), purpose=purpose, role=role, expires_at=now() + lasts, **of)
    session.add(link)
    session.flush()
    return f"/links/{token}"


def withdraw_invitation(session: Session, link_id: int, project_id: int | None = None) -> None:
    """End an open invitation; with `project_id`, only one to that project."""
    query = update(SignInLink).where(
        SignInLink.id == link_id, SignInLink.purpose == "invite", SignInLink.used_at.is_(None)
    )
    if project_id is not None:
        query = query.where(SignInLink.project_id == project_id)
    if not 0 < link_id < 2**31 or session.execute(query.values(used_at=now())).rowcount != 1:  # type: ignore[attr-defined]
        raise NotFoundError(_("There is no such invitation."))


def use_link(session: Session, token: str) -> SignInLink:
    """Take the link out of use and return it; of two people at once one gets it, the other NotFoundError."""
    link = get_link(session, token)
    these = SignInLink.id == link.id
    if link.purpose == "first_admin":
        # Every start of the server prints one, and only one admin may come of them.
        these = SignInLink.purpose == "first_admin"
    taken = session.scalars(
        update(SignInLink)
        .where(these, SignInLink.used_at.is_(None))
        .values(used_at=now())
        .returning(SignInLink.id)
    ).all()
    if link.id not in taken:
        raise NotFoundError(_("This link has been used, or is too old."))
    return link


def follow_link(
    session: Session, token: str, *, email: str, password_hash: str | None, visitor: User | None
) -> User:
    """Use the link and return whom to sign in.

    `first_admin` and `invite` make an account of `email` and `password_hash`, which joins the link's project; a
    `visitor` who has an account joins with it instead and keeps their role. `password` sets its person's
    password and ends their sessions. Raise ConflictError when `email` has an account.
    """
    link = use_link(session, token)
    if link.user_id is not None:
        return _enter_account(session, link, password_hash)
    if visitor is None or link.purpose == "first_admin":
        visitor = _add_user(session, email, Role(link.role), password_hash)
    join_project(session, link.project_id, visitor)
    return visitor


def _enter_account(session: Session, link: SignInLink, password_hash: str | None) -> User:
    user = get_user(session, link.user_id or 0)
    if user.disabled_at is not None:
        raise NotFoundError(_("This link has been used, or is too old."))
    if link.purpose == "password":
        user.password_hash = password_hash
        revoke_sessions(session, user.id)
    return user


def join_project(session: Session, project_id: int | None, user: User) -> None:
    if project_id is not None and session.get(ProjectMember, (project_id, user.id)) is None:
        session.add(ProjectMember(project_id=project_id, user_id=user.id))


def _add_user(session: Session, email: str, role: Role, password_hash: str | None) -> User:
    user = User(email=email, role=role, password_hash=password_hash)
    taken = ConflictError(_("There is already an account for %(email)s.") % {"email": email})
    if find_user_by_email(session, email):
        raise taken
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:
        raise taken from error
    return user


def begin_sign_in(session: Session, email: str, address: str) -> str | None:
    """Count the try and return the hash to compare with, None for no such account."""
    count_try(session, email, address)
    user = find_user_by_email(session, email)
    return user.password_hash if user and user.disabled_at is None else None


def finish_sign_in(session: Session, email: str, address: str) -> User:
    """After a right password: forget the failed tries; raise NotFoundError if the account is gone by now."""
    user = find_user_by_email(session, email)
    if user is None or user.disabled_at is not None:
        raise NotFoundError(_("There is no such person."))
    forget_tries(session, email, address)
    return user


def replace_session(session: Session, user: User, old_id: int | None, days: int, browser: str) -> str:
    """Sign `user` in under a new token; the session that the browser had before, if any, ends."""
    if old_id is not None:
        revoke_session(session, old_id)
    return open_session(session, user, days, browser)


def revoke_session(session: Session, session_id: int, user_id: int | None = None) -> None:
    """End a session; with `user_id`, only one of that person's: another's is as absent."""
    row = session.get(UserSession, session_id) if 0 < session_id < 2**31 else None
    if row is None or user_id not in {None, row.user_id}:
        raise NotFoundError(_("There is no such session."))
    row.revoked_at = row.revoked_at or now()


def revoke_sessions(session: Session, user_id: int, *, keep: int | None = None) -> None:
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.id != (keep or 0))
        .values(revoked_at=now())
    )


def change_password(session: Session, user_id: int, password_hash: str, session_id: int) -> None:
    """Every other session of the person ends."""
    get_user(session, user_id).password_hash = password_hash
    revoke_sessions(session, user_id, keep=session_id)


def change_role(session: Session, user_id: int, role: Role) -> None:
    user = get_user(session, user_id)
    if role != Role.ADMIN:
        _keep_an_admin(session, user)
    user.role = role


def set_disabled(session: Session, user_id: int, *, disabled: bool) -> None:
    """A disabled person keeps their answers and loses every session at once."""
    user = get_user(session, user_id)
    if disabled:
        _keep_an_admin(session, user)
        revoke_sessions(session, user.id)
    user.disabled_at = (user.disabled_at or now()) if disabled else None


def _keep_an_admin(session: Session, user: User) -> None:
    """Rows are locked, lest two admins remove each other at the same moment."""
    admins = session.scalars(
        select(User.id).where(User.role == Role.ADMIN, User.disabled_at.is_(None)).with_for_update()
    ).all()
    if list(admins) == [user.id]:
        sentence = _("%(email)s is the last admin; make another one first.")
        raise ConflictError(sentence % {"email": user.email})
