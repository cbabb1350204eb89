"""What an engineer may change about a project."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.db import DatabaseDep, LetGoDep, ReadSessionDep, SessionDep
from app.errors import AppError
from app.html.form_data import FormFieldsDep
from app.html.forms import FormErrors, parse, parse_or_refuse, with_unplaced
from app.html.htmx import go_to, is_htmx
from app.html.templating import render
from app.images.children import ChildDiedError
from app.images.service import update_groups
from app.languages import counted as _n
from app.languages import gettext as _
from app.models import Project
from app.projects import service
from app.projects.access import EngineerProjectDep
from app.projects.classes import add_class
from app.projects.forms import ClassChangesForm, ClassForm, MemberForm, SendBackForm, SettingsForm
from app.projects.queries import list_members
from app.projects.recipes import recipes
from app.review.sending_back import list_choices, send_back
from app.security import SettingsDep
from app.users.queries import list_open_invitations

router = APIRouter(prefix="/projects/{project_id}")

SHOWN = (
    "name",
    "seed_size",
    "round_size",
    "target",
    "group_pattern",
    "overlap",
    "overlap_share",
    "repeat_share",
    "second_share",
)
"""Fields of the form that say their own errors."""


@router.get("/settings")
def show_settings(
    request: Request,
    project: EngineerProjectDep,
    session: ReadSessionDep,
    saved: str = "",
    sent: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    waiting = _n("%(number)s image waits in the review pile.", "%(number)s images wait in the review pile.", sent)
    return _page(request, session, project, {}, saved=_("Saved.") if saved else waiting if sent else "")


@router.post("/settings")
async def save_settings(
    request: Request,
    project: EngineerProjectDep,
    fields: FormFieldsDep,
    let_go: LetGoDep,
    database: DatabaseDep,
    settings: SettingsDep,
) -> Response:
    let_go()
    form, errors = parse(SettingsForm, {k: v for k, v in fields.items() if k != "example"})
    status = 422
    if form is not None:
        try:
            values = form.model_dump(exclude={"group_pattern"})
            await database.change(lambda s: service.save_settings(s, project.id, **values))
            # Begun only now, since a project may be older than what is known of its near duplicates.
            if form.group_pattern != project.group_pattern or (form.settle_twins and not project.settle_twins):
                await asyncio.to_thread(update_groups, database, settings, project.id, pattern=form.group_pattern)
            return go_to(request, f"/projects/{project.id}/settings?saved=yes")
        except AppError as error:
            errors, status = {"": str(error)}, error.status_code
        except (TimeoutError, ChildDiedError):
            errors = {
                "group_pattern": _(
                    "The groups could not be found: they and the pattern are as before. The rest is saved."
                )
            }
    return await database.ask(lambda s: _page(request, s, project, errors, fields, status=status))


@router.post("/classes")
def change_classes(
    request: Request, project: EngineerProjectDep, fields: FormFieldsDep, session: SessionDep
) -> Response:
    changes = parse_or_refuse(ClassChangesForm, ClassChangesForm.gather(fields))
    changed = service.change_classes(session, project.id, changes.names, changes.keys, changes.step)
    return _classes(request, changed)


@router.post("/classes/add")
def add_new_class(
    request: Request, project: EngineerProjectDep, fields: FormFieldsDep, session: SessionDep
) -> Response:
    form = parse_or_refuse(ClassForm, fields)
    changed = service.get_for_change(session, project.id)
    add_class(changed, form.name, form.key)
    session.flush()
    return _classes(request, changed)


@router.post("/members")
def add_member(
    request: Request, project: EngineerProjectDep, fields: FormFieldsDep, session: SessionDep
) -> Response:
    service.add_member(session, project.id, parse_or_refuse(MemberForm, fields).email)
    session.flush()
    return _members(request, session, project)


@router.post("/members/{user_id}/remove")
def remove_member(request: Request, project: EngineerProjectDep, session: SessionDep, user_id: int) -> Response:
    service.remove_member(session, project.id, user_id)
    session.flush()
    return _members(request, session, project)


@router.post("/send-back")
def send_images_back(
    request: Request, project: EngineerProjectDep, fields: FormFieldsDep, session: SessionDep
) -> Response:
    """Ask people anew about all images of a kind."""
    count = send_back(session, project, parse_or_refuse(SendBackForm, fields).what)
    return go_to(request, f"/projects/{project.id}/settings?sent={count}")


def _classes(request: Request, project: Project) -> Response:
    if is_htmx(request):
        return render(request, "projects/_classes.html", project=project)
    return go_to(request, f"/projects/{project.id}/settings")


def _members(request: Request, session: Session, project: Project) -> Response:
    if is_htmx(request):
        members = list_members(session, project.id)
        return render(request, "projects/_members.html", project=project, members=members)
    return go_to(request, f"/projects/{project.id}/settings")


def _page(
    request: Request,
    session: Session,
    project: Project,
    errors: FormErrors,
    fields: dict[str, str] | None = None,
    *,
    saved: str = "",
    status: int = 200,
) -> Response:
    return render(
        request,
        "projects/settings.html",
        status_code=status,
        project=project,
        values=fields if fields is not None else _values(project),
        errors=with_unplaced(errors, SHOWN),
        saved=saved,
        recipes=recipes(),
        send_back=list_choices(session, project),
        members=list_members(session, project.id),
        invitations=list_open_invitations(session, project.id),
    )


def _values(project: Project) -> dict[str, str]:
    """The project as its settings form would send it."""
    values = {
        "name": project.name,
        "seed_size": str(project.seed_size),
        "round_size": str(project.round_size),
        "target": f"{project.target * 100:g}",
        "group_pattern": project.group_pattern,
        "positive_id": str(project.positive_class.id),
        "overlap": str(project.overlap),
        "overlap_share": f"{project.overlap_share * 100:g}",
        "repeat_share": f"{project.repeat_share * 100:g}",
        "second_share": f"{project.second_share * 100:g}",
    }
    boxes = {name: getattr(project, name) for name in ("from_scratch", "show_opinions", "settle_twins")}
    return values | {name: "true" for name, ticked in boxes.items() if ticked}
