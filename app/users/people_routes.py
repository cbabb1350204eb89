"""Who works here: the admin's page, and the engineer's invitations to own projects."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.config import Settings
from app.db import ReadSessionDep, SessionDep
from app.html.form_data import FormFieldsDep
from app.html.forms import parse_or_refuse
from app.html.htmx import go_to
from app.html.templating import render
from app.languages import gettext as _
from app.models import Role
from app.projects.access import EngineerProjectDep
from app.projects.queries import get_visible_project, list_visible_projects
from app.security import AdminDep, UserDep
from app.users import service
from app.users.forms import InvitationForm, RoleForm
from app.users.queries import get_user, list_open_invitations, list_people

router = APIRouter()


@router.get("/users")
def show_people(request: Request, session: ReadSessionDep, admin: AdminDep) -> Response:
    projects = [(project.id, project.name) for project in list_visible_projects(session, admin)]
    return render(
        request,
        "users/people.html",
        people=list_people(session),
        invitations=list_open_invitations(session),
        project_options=[("", _("None yet")), *projects],
    )


@router.post("/users/{user_id}/role")
def change_role(
    request: Request, _admin: AdminDep, fields: FormFieldsDep, session: SessionDep, user_id: int
) -> Response:
    service.change_role(session, user_id, parse_or_refuse(RoleForm, fields).role)
    return go_to(request, "/users")


@router.post("/users/{user_id}/disable")
def disable(request: Request, _admin: AdminDep, session: SessionDep, user_id: int) -> Response:
    service.set_disabled(session, user_id, disabled=True)
    return go_to(request, "/users")


@router.post("/users/{user_id}/enable")
def enable(request: Request, _admin: AdminDep, session: SessionDep, user_id: int) -> Response:
    service.set_disabled(session, user_id, disabled=False)
    return go_to(request, "/users")


@router.post("/users/{user_id}/password-link")
def make_password_link(request: Request, _admin: AdminDep, session: SessionDep, user_id: int) -> Response:
    person = get_user(session, user_id)
    path = service.make_password_link(session, person)
    return _link_page(
        request, path, "/users", _("%(email)s sets a new password with it") % {"email": person.email}
    )


@router.post("/users/invitations")
def invite(request: Request, admin: AdminDep, fields: FormFieldsDep, session: SessionDep) -> Response:
    form = parse_or_refuse(InvitationForm, fields)
    project = get_visible_project(session, admin, int(form.project_id)) if form.project_id else None
    path = service.invite(session, admin, form.role, project.id if project else None)
    return _link_page(request, path, "/users", _invited(form.role, project.name if project else ""))


@router.post("/users/invitations/{link_id}/withdraw")
def withdraw(request: Request, _admin: AdminDep, session: SessionDep, link_id: int) -> Response:
    service.withdraw_invitation(session, link_id)
    return go_to(request, "/users")


@router.post("/projects/{project_id}/invitations")
def invite_to_project(
    request: Request, user: UserDep, project: EngineerProjectDep, session: SessionDep
) -> Response:
    """Engineers invite annotators, to projects of their own; other roles are the admin's to give."""
    path = service.invite(session, user, Role.ANNOTATOR, project.id)
    return _link_page(request, path, f"/projects/{project.id}/settings", _invited(Role.ANNOTATOR, project.name))


@router.post("/projects/{project_id}/invitations/{link_id}/withdraw")
def withdraw_from_project(
    request: Request, project: EngineerProjectDep, session: SessionDep, link_id: int
) -> Response:
    service.withdraw_invitation(session, link_id, project.id)
    return go_to(request, f"/projects/{project.id}/settings")


def _invited(role: Role, project: str) -> str:
    what = {
        Role.ANNOTATOR: _("An annotator makes an account with it"),
        Role.ENGINEER: _("An engineer makes an account with it"),
        Role.ADMIN: _("An admin makes an account with it"),
    }[role]
    return what + (_(" and lands in %(project)s") % {"project": project} if project else "")


def _link_page(request: Request, path: str, back: str, what: str) -> Response:
    """The one time that the link can be read: the database keeps only its hash."""
    settings: Settings = request.app.state.settings
    base = settings.public_url or str(request.base_url)
    return render(request, "users/new_link.html", link=base.rstrip("/") + path, what=what, back=back)
