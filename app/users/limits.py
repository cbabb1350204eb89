"""How often a password may be tried: counted before the password is looked at, so that no crowd slips through."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from app.errors import TooManyTriesError
from app.languages import gettext as _
from app.models import SignInAttempt, now

WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 10
TRIES_PER_ADDRESS = 30


def account_key(email: str) -> str:
    return f"email:{email}"


def address_key(address: str) -> str:
    return f"address:{address}"


def count_try(session: Session, email: str, address: str) -> None:
    """Count a try at `email` from `address`; raise TooManyTriesError when either has used up its tries."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.created_at <= now() - WINDOW))
    for key, most in ((account_key(email), TRIES_PER_ACCOUNT), (address_key(address), TRIES_PER_ADDRESS)):
        count, oldest = session.execute(
            select(func.count(), func.min(SignInAttempt.created_at)).where(SignInAttempt.key == key)
        ).one()
        if count >= most:
            wait = max(1, round((oldest + WINDOW - now()).total_seconds()))
            raise TooManyTriesError(
                _("Too many tries. Please wait %(number)s min and try again.") % {"number": -(-wait // 60)},
                retry_after_s=wait,
            )
    session.add_all([SignInAttempt(key=account_key(email)), SignInAttempt(key=address_key(address))])


def forget_tries(session: Session, email: str, address: str) -> None:
    """After a right password: the account starts afresh, the address is given back the one try that was right."""
    newest = (
        select(SignInAttempt.id)
        .where(SignInAttempt.key == address_key(address))
        .order_by(SignInAttempt.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    session.execute(
        delete(SignInAttempt).where(or_(SignInAttempt.key == account_key(email), SignInAttempt.id == newest))
    )
