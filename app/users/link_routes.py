"""Links that work once. Looking at one changes nothing: mail programs and chats open links by themselves."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.db import DatabaseDep, LetGoDep, ReadSessionDep
from app.errors import ConflictError
from app.html.fields import FormModel
from app.html.form_data import FormFieldsDep
from app.html.forms import FormErrors, parse, with_unplaced
from app.html.templating import render
from app.models import Project, SignInLink, User
from app.security import AnyoneDep
from app.users import service
from app.users.entering import enter, see_as
from app.users.forms import AccountForm, PasswordForm
from app.users.passwords import hash_password_async
from app.users.queries import get_link

router = APIRouter()


@router.get("/links/{token}")
def show_link(request: Request, session: ReadSessionDep, token: str, user: AnyoneDep) -> Response:
    return _page(request, session, token, user, email="", errors={})


@router.post("/links/{token}")
async def follow_link(
    request: Request,
    fields: FormFieldsDep,
    database: DatabaseDep,
    token: str,
    user: AnyoneDep,
    let_go: LetGoDep,
) -> Response:
    let_go()
    link = await database.ask(lambda s: get_link(s, token))
    form, errors = parse(_form(link, user), fields)
    email = form.email if isinstance(form, AccountForm) else fields.get("email", "")
    password_hash = await hash_password_async(form.password) if isinstance(form, PasswordForm) else None

    def follow(session: Session) -> str:
        person = service.follow_link(session, token, email=email, password_hash=password_hash, visitor=user)
        return enter(session, request, person)

    if form is not None:
        try:
            cookie = await database.change(follow)
            return see_as(request, cookie, f"/projects/{link.project_id}" if link.project_id else "/")
        except ConflictError as taken:
            errors = {"email": str(taken)}
    return await database.ask(
        lambda s: _page(request, s, token, user, email=email[:254], errors=errors, status=422)
    )


def _form(link: SignInLink, visitor: User | None) -> type[FormModel]:
    """What the link asks for: nothing, a password, or an address and a password."""
    if link.purpose == "sign_in" or (link.purpose == "invite" and visitor is not None):
        return FormModel
    return PasswordForm if link.purpose == "password" else AccountForm


def _page(
    request: Request,
    session: Session,
    token: str,
    visitor: User | None,
    *,
    email: str,
    errors: FormErrors,
    status: int = 200,
) -> Response:
    link = get_link(session, token)
    asks = _form(link, visitor)
    return render(
        request,
        "users/link.html",
        status_code=status,
        link=link,
        person=session.get(User, link.user_id) if link.user_id else None,
        joins=session.get(Project, link.project_id) if link.project_id else None,
        asks_email=asks is AccountForm,
        asks_password=issubclass(asks, PasswordForm),
        email=email,
        errors=with_unplaced(errors, ("email", "password")),
    )
