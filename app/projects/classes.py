"""A project's classes: two active ones always stay, each with a key of its own.

They are archived, never deleted: answers point at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.errors import BadInputError, ConflictError, NotFoundError
from app.languages import gettext as _
from app.models import LabelClass, Project, now
from app.projects.keys import MOST_CLASSES, free_keys, key_problem

COLORS = 10
"""As many as the palette has; further classes begin it again, told apart by name and key."""


def classes_problem(names: Sequence[str]) -> str | None:
    """Say in a sentence why these cannot be a project's classes; None if they can."""
    if len(names) < 2:
        return "A project has two classes or more, such as closed, open."
    if len(names) > MOST_CLASSES:
        return _("A project has at most %(number)s classes: each needs a key.") % {"number": MOST_CLASSES}
    twice = next((n for i, n in enumerate(names) if n.casefold() in {m.casefold() for m in names[:i]}), None)
    return f"The class {twice} is there twice." if twice else None


def make_classes(names: Sequence[str], positive: str = "") -> list[LabelClass]:
    """Return new classes in this order, keys 1, 2, …; the last is positive unless `positive` names one."""
    chosen = positive or names[-1]
    return [
        LabelClass(name=name, key=key, color=i % COLORS, position=i, positive=name == chosen)
        for i, (name, key) in enumerate(zip(names, free_keys((), len(names)), strict=True))
    ]


def add_class(project: Project, name: str, key: str = "") -> LabelClass:
    """Add a class at the end; without `key` it gets the first free one."""
    active = project.active_classes
    if len(active) >= MOST_CLASSES:
        raise ConflictError(
            _("A project has at most %(number)s classes: each needs a key.") % {"number": MOST_CLASSES}
        )
    _refuse_name(project, name, None)
    taken = {c.key for c in active}
    if key:
        _refuse_key(key, taken)
    label_class = LabelClass(
        name=name,
        key=key or free_keys(taken, 1)[0],
        color=len(project.classes) % COLORS,
        position=len(project.classes),
    )
    project.classes.append(label_class)
    return label_class


def edit_classes(project: Project, names: Mapping[int, str], keys: Mapping[int, str]) -> None:
    """Rename classes and change keys, all at once, so that two can swap their keys; ids left out stay."""
    for class_id, name in names.items():
        _get(project, class_id)
        _refuse_name(project, name, class_id)
    twice = {n for n in names.values() if [m.casefold() for m in names.values()].count(n.casefold()) > 1}
    if twice:
        raise BadInputError(_("The class %(name)s is there twice.") % {"name": min(twice)})
    new_keys = {c.id: keys.get(c.id, c.key) for c in project.active_classes}
    for class_id, key in new_keys.items():
        _refuse_key(key, [k for other, k in new_keys.items() if other != class_id])
    for label_class in project.classes:
        label_class.name = names.get(label_class.id, label_class.name)
        label_class.key = new_keys.get(label_class.id, label_class.key)


def move_class(project: Project, class_id: int, step: int) -> None:
    """Move an active class `step` places down (negative: up), as far as there are places."""
    active = project.active_classes
    index = active.index(_get_active(project, class_id))
    target = min(max(index + step, 0), len(active) - 1)
    active.insert(target, active.pop(index))
    archived = [c for c in project.classes if c.archived_at is not None]
    for position, label_class in enumerate([*active, *archived]):
        label_class.position = position
    project.classes.sort(key=lambda c: c.position)


def archive_class(project: Project, class_id: int) -> None:
    label_class = _get_active(project, class_id)
    if len(project.active_classes) <= 2:
        raise ConflictError(_("Two classes stay at least; add another one before this one is archived."))
    if label_class is project.positive_class:
        raise ConflictError(
            _("%(name)s is the positive class; choose another one first.") % {"name": label_class.name}
        )
    label_class.archived_at = now()


def restore_class(project: Project, class_id: int) -> None:
    """Bring an archived class back; it gets a free key if its own has been given away."""
    label_class = _get(project, class_id)
    taken = {c.key for c in project.active_classes if c.id != class_id}
    if label_class.key in taken:
        label_class.key = free_keys(taken, 1)[0]
    label_class.archived_at = None


def set_positive(project: Project, class_id: int) -> None:
    chosen = _get_active(project, class_id)
    for label_class in project.classes:
        label_class.positive = label_class is chosen


def _get(project: Project, class_id: int) -> LabelClass:
    found = next((c for c in project.classes if c.id == class_id), None)
    if found is None:
        raise NotFoundError(_("There is no such class."))
    return found


def _get_active(project: Project, class_id: int) -> LabelClass:
    label_class = _get(project, class_id)
    if label_class.archived_at is not None:
        raise ConflictError(_("The class %(name)s is archived.") % {"name": label_class.name})
    return label_class


def _refuse_name(project: Project, name: str, class_id: int | None) -> None:
    if any(name.casefold() == c.name.casefold() for c in project.classes if c.id != class_id):
        raise BadInputError(_("There is already a class %(name)s.") % {"name": name})


def _refuse_key(key: str, taken: list[str] | set[str]) -> None:
    problem = key_problem(key, taken)
    if problem:
        raise BadInputError(problem)
