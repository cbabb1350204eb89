"""One's own account: the password, and where one is signed in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.db import DatabaseDep, LetGoDep, ReadSessionDep, SessionDep
from app.html.form_data import FormFieldsDep
from app.html.forms import FormErrors, parse, parse_or_refuse, with_unplaced
from app.html.htmx import go_to
from app.html.templating import render
from app.languages import COOKIE as LANGUAGE_COOKIE
from app.models import User
from app.security import UserDep, is_https
from app.users import service
from app.users.forms import ChangePasswordForm, LanguageForm
from app.users.limits import count_try, forget_tries
from app.users.passwords import hash_password_async, is_right_async
from app.users.queries import list_live_sessions

router = APIRouter(prefix="/account")

FOR_YEARS_S = 5 * 365 * 86400


@router.get("")
def show_account(request: Request, session: ReadSessionDep, user: UserDep, changed: bool = False) -> Response:  # noqa: FBT001, FBT002
    return _page(request, session, user, {}, changed=changed)


@router.post("/password")
async def change_password(
    request: Request, database: DatabaseDep, user: UserDep, fields: FormFieldsDep, let_go: LetGoDep
) -> Response:
    """A stolen open browser may not guess the password either: these tries count like those of signing in."""
    let_go()
    form, errors = parse(ChangePasswordForm, fields)
    address = request.client.host if request.client else ""
    if form is not None:
        await database.change(lambda s: count_try(s, user.email, address))
        if not await is_right_async(user.password_hash, form.current):
            errors = {"current": "This is not your password."}
    if form is None or errors:
        return await database.ask(lambda s: _page(request, s, user, errors, status=422))
    password_hash = await hash_password_async(form.password)

    def change(session: Session) -> None:
        forget_tries(session, user.email, address)
        service.change_password(session, user.id, password_hash, request.state.session_id)

    await database.change(change)
    return go_to(request, "/account?changed=true")


@router.post("/language")
def choose_language(request: Request, _user: UserDep, fields: FormFieldsDep) -> Response:
    """Remember the language in this browser; empty: it speaks for itself again."""
    language = parse_or_refuse(LanguageForm, fields).language
    response = go_to(request, "/account")
    if language:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=FOR_YEARS_S, secure=is_https(request), samesite="lax"
        )
    else:
        response.delete_cookie(LANGUAGE_COOKIE)
    return response


@router.post("/sessions/{session_id}/end")
def end_session(request: Request, session: SessionDep, user: UserDep, session_id: int) -> Response:
    service.revoke_session(session, session_id, user.id)
    return go_to(request, "/account")


@router.post("/sessions/end-others")
def end_other_sessions(request: Request, session: SessionDep, user: UserDep) -> Response:
    service.revoke_sessions(session, user.id, keep=request.state.session_id)
    return go_to(request, "/account")


def _page(
    request: Request,
    session: Session,
    user: User,
    errors: FormErrors,
    *,
    changed: bool = False,
    status: int = 200,
) -> Response:
    return render(
        request,
        "users/account.html",
        status_code=status,
        user=user,
        sessions=list_live_sessions(session, user.id),
        session_id=request.state.session_id,
        errors=with_unplaced(errors, ("current", "password")),
        changed=changed,
        chosen_language=request.cookies.get(LANGUAGE_COOKIE, ""),
    )
