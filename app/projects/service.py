"""Changes to projects and to their classes. Classes are archived, never deleted: answers point at them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import BadInputError, ConflictError
from app.models import LabelClass, Project, ProjectMember, User
from app.projects.grouping import pattern_problem
from app.projects.keys import MOST_CLASSES, free_keys

RECIPES = ("founding",)
COLORS = 10


def create_project(  # noqa: PLR0913  the options of a project
    session: Session,
    *,
    user: User | None,
    name: str,
    classes: Sequence[str],
    positive: str = "",
    recipe: str = "founding",
    seed_size: int = 100,
    from_scratch: bool = False,
    group_pattern: str = "",
) -> Project:
    """Add a project with its classes in the given order, keys 1, 2, …; `user` becomes a member.

    The positive class is the last one unless `positive` names another. Raise BadInputError naming what cannot be,
    ConflictError for a name that is taken.
    """
    _check(classes, positive, recipe, group_pattern)
    project = Project(
        name=name.strip(),
        recipe=recipe,
        seed_size=seed_size,
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
    if problem is None and recipe not in RECIPES:
        problem = f"There is no recipe {recipe}; there is {', '.join(RECIPES)}."
    if problem:
        raise BadInputError(problem)


def classes_problem(names: Sequence[str]) -> str | None:
    """Say in a sentence why these cannot be a project's classes; None if they can."""
    if len(names) < 2:
        return "A project has two classes or more, such as closed, open."
    if len(names) > MOST_CLASSES:
        return f"A project has at most {MOST_CLASSES} classes: each needs a key."
    twice = next((n for i, n in enumerate(names) if n.casefold() in {m.casefold() for m in names[:i]}), None)
    return f"The class {twice} is there twice." if twice else None


def make_classes(names: Sequence[str], positive: str) -> list[LabelClass]:
    chosen = positive or names[-1]
    keys = free_keys((), len(names))
    return [
        LabelClass(name=name, key=key, color=i % COLORS, position=i, positive=name == chosen)
        for i, (name, key) in enumerate(zip(names, keys, strict=True))
    ]


def refuse_taken_name(session: Session, name: str, but: int | None = None) -> None:
    owner = session.scalar(select(Project.id).where(Project.name == name))
    if owner not in {None, but}:
        raise ConflictError(f"There is already a project named {name}.")


def flush_name(session: Session, name: str) -> None:
    """Two people may take one name at the same moment; the database lets in the first."""
    try:
        session.flush()
    except IntegrityError as error:
        raise ConflictError(f"There is already a project named {name}.") from error
