"""The list of projects, and a new one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.db import ReadSessionDep, SessionDep
from app.errors import AppError
from app.html.form_data import MAX_FORM_BYTES, FormFieldsDep
from app.html.forms import FormErrors, parse, with_unplaced
from app.html.htmx import go_to
from app.html.templating import render
from app.models import Role
from app.projects import service, settings_routes
from app.projects.access import MemberProjectDep
from app.projects.classes import classes_problem, make_classes
from app.projects.forms import NewProjectForm, split_names
from app.projects.grouping import group_of, pattern_problem
from app.projects.overview import list_cards, read_overview
from app.projects.queries import list_visible_projects
from app.projects.recipes import DEFAULT_RECIPE, recipes
from app.security import EngineerDep, UserDep, may_act_as
from ml.contract import ROUND_ANSWERS, SEED_ANSWERS, SEED_OF_A_CLASS, TARGET

router = APIRouter(max_body_size=MAX_FORM_BYTES)
router.include_router(settings_routes.router)

SHOWN = ("name", "classes", "seed_size", "round_size", "target", "group_pattern")
"""Fields of the form that say their own errors."""


@router.get("/")
def show_projects(request: Request, session: ReadSessionDep, user: UserDep) -> Response:
    cards = list_cards(session, list_visible_projects(session, user))
    return render(request, "projects/list.html", cards=cards, engineer=may_act_as(user, Role.ENGINEER))


@router.get("/projects/new")
def show_new_project(request: Request, _user: EngineerDep) -> Response:
    return _form(request, {}, {})


@router.post("/projects")
def create_project(request: Request, user: EngineerDep, fields: FormFieldsDep, session: SessionDep) -> Response:
    form, errors = parse(NewProjectForm, {k: v for k, v in fields.items() if k != "example"})
    if form is None:
        return _form(request, fields, errors, 422)
    try:
        with session.begin_nested():
            project = service.create_project(session, user=user, **form.model_dump())
    except AppError as error:
        return _form(request, fields, {"": str(error)}, error.status_code)
    return go_to(request, f"/projects/{project.id}")


@router.get("/projects/new/classes")
def preview_classes(request: Request, _user: EngineerDep, classes: str = "", positive: str = "") -> Response:
    """The buttons that these classes would make, while the person types."""
    names = split_names(classes[:4000])
    problem = classes_problem(names)
    made = [] if problem else make_classes(names, positive if positive in names else "")
    return render(request, "projects/_new_classes.html", classes=made, problem=problem, typed=bool(names))


@router.get("/projects/pattern")
def try_pattern(request: Request, _user: EngineerDep, group_pattern: str = "", example: str = "") -> Response:
    """What the pattern finds in an example, while the person types."""
    problem = pattern_problem(group_pattern)
    group = None if problem else group_of(group_pattern, example)
    return render(
        request, "projects/_pattern.html", pattern=group_pattern, example=example, problem=problem, group=group
    )


def _form(request: Request, fields: dict[str, str], errors: FormErrors, status: int = 200) -> Response:
    names = split_names(fields.get("classes", "closed, open"))
    problem = classes_problem(names)
    return render(
        request,
        "projects/new.html",
        seed_sizes=SEED_ANSWERS,
        of_a_class=SEED_OF_A_CLASS,
        round_answers=ROUND_ANSWERS,
        target=TARGET,
        status_code=status,
        fields=fields,
        errors=with_unplaced({field: said for field, said in errors.items() if said != problem}, SHOWN),
        classes=[] if problem else make_classes(names, fields.get("positive", "")),
        problem=problem,
        recipes=recipes(),
        default_recipe=DEFAULT_RECIPE,
    )


@router.get("/projects/{project_id}")
def show_overview(
    request: Request, project: MemberProjectDep, user: UserDep, session: ReadSessionDep
) -> Response:
    engineer = may_act_as(user, Role.ENGINEER)
    shown = read_overview(session, project, engineer=engineer, user_id=user.id)
    return render(request, "projects/overview.html", project=project, shown=shown, engineer=engineer)


@router.get("/projects/{project_id}/standing")
def show_standing(
    request: Request, project: MemberProjectDep, user: UserDep, session: ReadSessionDep, seen: str = ""
) -> Response:
    """The overview's middle, when it is another than the browser has `seen`."""
    shown = read_overview(session, project, engineer=may_act_as(user, Role.ENGINEER), user_id=user.id)
    if shown.version == seen:
        return Response(status_code=204)
    return render(request, "projects/_standing.html", project=project, shown=shown)
