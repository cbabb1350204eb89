"""Changes to projects and to who may see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import BadInputError, ConflictError, NotFoundError
from app.labeling.settle import settle_twins_of_project
from app.languages import gettext as _
from app.languages import ngettext
from app.models import Project, ProjectMember, Recipe, User
from app.projects.classes import (
    archive_class,
    classes_problem,
    edit_classes,
    make_classes,
    move_class,
    restore_class,
    set_positive,
)
from app.projects.grouping import pattern_problem
from app.projects.queries import LARGEST_ID, list_members
from app.projects.recipes import DEFAULT_RECIPE, recipes
from app.review.service import apply_overlap
from ml.contract import ROUND_ANSWERS, TARGET, seed_answers


def create_project(  # noqa: PLR0913  the options of a project
    session: Session,
    *,
    user: User | None,
    name: str,
    classes: Sequence[str],
    positive: str = "",
    recipe: str = DEFAULT_RECIPE,
    seed_size: int | None = None,
    round_size: int = ROUND_ANSWERS,
    target: float = TARGET,
    settle_twins: bool = False,
    from_scratch: bool = False,
    group_pattern: str = "",
) -> Project:
    """Add a project with its classes in the given order, keys 1, 2, …; `user` becomes a member.

    The positive class is the last one unless `positive` names another, the seed as large as the recipe wants it.
    Raise BadInputError naming what cannot be, ConflictError for a name that is taken.
    """
    _check(classes, positive, recipe, group_pattern)
    project = Project(
        name=name.strip(),
        recipe=recipe,
        seed_size=seed_size or seed_answers(Recipe(recipe).value, len(classes)),
        round_size=round_size,
        target=target,
        settle_twins=settle_twins,
        from_scratch=from_scratch,
        group_pattern=group_pattern,
        created_by_id=user.id if user else None,
        classes=make_classes(classes, positive),
    )
    refuse_taken_name(session, project.name)
    session.add(project)
    flush_name(session, project.name)
    if user is not None:
        session.add(ProjectMember(project_id=project.id, user_id=user.id))
        session.flush()
    return project


def _check(classes: Sequence[str], positive: str, recipe: str, group_pattern: str) -> None:
    problem = classes_problem(classes) or pattern_problem(group_pattern)
    if problem is None and positive and positive not in classes:
        problem = f"The positive class {positive} is none of the classes."
    if problem is None and recipe not in recipes():
        problem = f"There is no recipe {recipe}; there are {', '.join(recipes())}."
    if problem:
        raise BadInputError(problem)


def get_for_change(session: Session, project_id: int) -> Project:
    """Return the project with its row locked, so that two changes come one after the other."""
    return session.scalars(select(Project).where(Project.id == project_id).with_for_update()).one()


def save_settings(session: Session, project_id: int, *, name: str, positive_id: int, **values: Any) -> None:
    """Rename the project, choose its positive class, and set the columns named in `values`."""
    project = get_for_change(session, project_id)
    refuse_taken_name(session, name, but=project.id)
    set_positive(project, positive_id)
    _check_overlap(session, project, values.get("overlap", project.overlap))
    before, followed = (project.overlap, project.overlap_share), project.settle_twins
    project.name = name
    for column, value in values.items():
        setattr(project, column, value)
    flush_name(session, name)
    if (project.overlap, project.overlap_share) != before:
        apply_overlap(session, project)
    if followed and not project.settle_twins:
        settle_twins_of_project(session, project.id)


def _check_overlap(session: Session, project: Project, overlap: int) -> None:
    """More people than there are would never answer: no image would get its label."""
    people = len(list_members(session, project.id))
    if overlap > max(people, 1) and overlap != project.overlap:
        sentence = ngettext(
            "%(overlap)s people cannot answer each image: there is %(number)s member. Please add people first.",
            "%(overlap)s people cannot answer each image: there are %(number)s members. Please add people first.",
            people,
        )
        raise BadInputError(sentence % {"overlap": overlap, "number": people})


def change_classes(
    session: Session, project_id: int, names: dict[int, str], keys: dict[int, str], step: tuple[str, int]
) -> Project:
    """Rename and rekey, then take the step: `("up" | "down" | "archive" | "restore" | "save", class_id)`."""
    project = get_for_change(session, project_id)
    edit_classes(project, names, keys)
    verb, class_id = step
    if verb in {"up", "down"}:
        move_class(project, class_id, -1 if verb == "up" else 1)
    elif verb == "archive":
        archive_class(project, class_id)
    elif verb == "restore":
        restore_class(project, class_id)
    session.flush()
    return project


def add_member(session: Session, project_id: int, email: str) -> None:
    user = session.scalar(select(User).where(User.email == email, User.disabled_at.is_(None)))
    if user is None:
        raise BadInputError(
            _("There is no account for %(email)s; make an invitation link instead.") % {"email": email}
        )
    if session.get(ProjectMember, (project_id, user.id)) is None:
        session.add(ProjectMember(project_id=project_id, user_id=user.id))


def remove_member(session: Session, project_id: int, user_id: int) -> None:
    """Their answers stay."""
    member = session.get(ProjectMember, (project_id, user_id)) if 0 < user_id <= LARGEST_ID else None
    if member is None:
        raise NotFoundError(_("There is no such member."))
    session.delete(member)


def refuse_taken_name(session: Session, name: str, but: int | None = None) -> None:
    owner = session.scalar(select(Project.id).where(Project.name == name))
    if owner not in {None, but}:
        raise ConflictError(_("There is already a project named %(name)s.") % {"name": name})


def flush_name(session: Session, name: str) -> None:
    """Two people may take one name at the same moment; the database lets in the first."""
    try:
        session.flush()
    except IntegrityError as error:
        raise ConflictError(_("There is already a project named %(name)s.") % {"name": name}) from error
