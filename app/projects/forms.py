from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.html.fields import Checkbox, Email, FormModel, Name, PlainText
from app.projects.grouping import pattern_problem

LARGEST_SEED = 5000


def split_names(text: str) -> list[str]:
    """`closed, open` → its names; line breaks part them too."""
    return [name.strip() for name in text.replace("\n", ",").split(",") if name.strip()]


def usable_pattern(pattern: str) -> str:
    problem = pattern_problem(pattern)
    if problem:
        raise ValueError(problem)
    return pattern


ClassName = Annotated[PlainText, StringConstraints(min_length=1, max_length=60)]
Pattern = Annotated[PlainText, AfterValidator(usable_pattern)]
SeedSize = Annotated[int, Field(ge=4, le=LARGEST_SEED)]


class ProjectForm(FormModel):
    """What can be changed later, too."""

    name: Name
    seed_size: SeedSize = 100
    from_scratch: Checkbox = False
    group_pattern: Pattern = ""


class NewProjectForm(ProjectForm):
    classes: Annotated[list[ClassName], BeforeValidator(split_names), Field(min_length=1)]
    positive: PlainText = ""


class SettingsForm(ProjectForm):
    positive_id: int
    show_opinions: Checkbox = False


class ClassForm(FormModel):
    name: ClassName
    key: Annotated[str, StringConstraints(max_length=1, to_lower=True)] = ""


class MemberForm(FormModel):
    email: Email
