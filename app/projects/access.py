"""Which project a request is about, and whether this person may: the answer to a stranger is 404."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.db import DatabaseDep, ReadSessionDep
from app.errors import NotFoundError, NotSignedInError
from app.languages import gettext as _
from app.models import Project, Role, User
from app.projects.queries import find_member, get_visible_project
from app.security import UserDep, cookie_of, find_session, require


def member_project(request: Request, project_id: int, user: UserDep, session: ReadSessionDep) -> Project:
    project = get_visible_project(session, user, project_id)
    request.state.project = project
    return project


MemberProjectDep = Annotated[Project, Depends(member_project)]


async def engineer_project(project: MemberProjectDep, user: UserDep) -> Project:
    require(user, Role.ENGINEER)
    return project


EngineerProjectDep = Annotated[Project, Depends(engineer_project)]


@dataclass(frozen=True)
class Member:
    """Who asks, and in which project: all that a call at every key press needs to know of both."""

    user: User
    project_id: int


async def get_member(request: Request, project_id: int, database: DatabaseDep) -> Member:
    """What `UserDep` and `MemberProjectDep` tell, by one statement; refuse whom they refuse."""
    member = await database.ask(lambda session: _member(session, cookie_of(request), project_id))
    request.state.user = member.user
    return member


def _member(session: Session, token: str | None, project_id: int) -> Member:
    user = find_member(session, token, project_id) if token else None
    if user is not None:
        return Member(user, project_id)
    if find_session(session, token) is None:
        raise NotSignedInError(_("Please sign in."))
    raise NotFoundError(_("There is no such project."))


MemberDep = Annotated[Member, Depends(get_member)]
