"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.db import DatabaseDep, LetGoDep, SessionDep
from app.html.form_data import MAX_FORM_BYTES, FormFieldsDep
from app.html.forms import parse
from app.html.templating import render
from app.languages import gettext as _
from app.security import AnyoneDep, local_path
from app.users import account_routes, link_routes, people_routes, service
from app.users.entering import enter, see, see_as, see_signed_out
from app.users.forms import SignInForm
from app.users.passwords import is_right_async

router = APIRouter(max_body_size=MAX_FORM_BYTES)
router.include_router(link_routes.router)
router.include_router(account_routes.router)
router.include_router(people_routes.router)


@router.get("/sign-in")
def show_sign_in(request: Request, user: AnyoneDep, next: str = "/") -> Response:  # noqa: A002  as in the address
    if user is not None:
        return see(local_path(next))
    return render(request, "users/sign_in.html", email="", next=local_path(next), error="")


@router.post("/sign-in")
async def sign_in(
    request: Request, fields: FormFieldsDep, database: DatabaseDep, _before: AnyoneDep, let_go: LetGoDep
) -> Response:
    let_go()
    form, _ = parse(SignInForm, fields)
    if form is None:
        return _wrong(request, "", "/")
    address = request.client.host if request.client else ""
    password_hash = await database.change(lambda s: service.begin_sign_in(s, form.email, address))
    if not await is_right_async(password_hash, form.password):
        return _wrong(request, form.email, local_path(form.next))

    def finish(session: Session) -> str:
        return enter(session, request, service.finish_sign_in(session, form.email, address))

    return see_as(request, await database.change(finish), local_path(form.next))


def _wrong(request: Request, email: str, next_path: str) -> Response:
    """One answer for every wrong pair: it says nothing of which accounts there are."""
    error = _("The e-mail address or the password is wrong.")
    return render(request, "users/sign_in.html", status_code=401, email=email, next=next_path, error=error)


@router.post("/sign-out")
def sign_out(request: Request, session: SessionDep, user: AnyoneDep) -> Response:
    if user is not None:
        service.revoke_session(session, request.state.session_id, user.id)
    return see_signed_out(request)
