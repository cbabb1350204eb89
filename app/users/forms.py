from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.html.fields import Email, FormModel
from app.models import Role
from app.users.passwords import LONGEST, SHORTEST

NewPassword = Annotated[
    str, StringConstraints(min_length=SHORTEST, max_length=LONGEST, strip_whitespace=False), Field(repr=False)
]
GivenPassword = Annotated[str, StringConstraints(max_length=LONGEST, strip_whitespace=False), Field(repr=False)]


class SignInForm(FormModel):
    email: Annotated[str, StringConstraints(max_length=254, to_lower=True)]
    password: GivenPassword
    next: Annotated[str, StringConstraints(max_length=2000)] = "/"


class PasswordForm(FormModel):
    password: NewPassword


class AccountForm(PasswordForm):
    """What an invited person, or the first admin, fills in."""

    email: Email


class ChangePasswordForm(FormModel):
    current: GivenPassword
    password: NewPassword


class LanguageForm(FormModel):
    language: Literal["", "en", "ru"]


class RoleForm(FormModel):
    role: Role


class InvitationForm(FormModel):
    role: Role = Role.ANNOTATOR
    project_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,9}$")] = ""
