"""Which project a request is about, and whether this person may: the answer to a stranger is 404."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.db import ReadSessionDep
from app.models import Project, Role
from app.projects.queries import get_visible_project
from app.security import UserDep, require


def member_project(request: Request, project_id: int, user: UserDep, session: ReadSessionDep) -> Project:
    project = get_visible_project(session, user, project_id)
    request.state.project = project
    return project


MemberProjectDep = Annotated[Project, Depends(member_project)]


def engineer_project(project: MemberProjectDep, user: UserDep) -> Project:
    require(user, Role.ENGINEER)
    return project


EngineerProjectDep = Annotated[Project, Depends(engineer_project)]
