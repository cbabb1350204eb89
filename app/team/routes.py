"""The team page: how much each person does, and how far people agree."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.db import ReadSessionDep
from app.html.templating import render
from app.labeling.queries import loop_counts
from app.models import Role
from app.projects.access import MemberProjectDep
from app.security import UserDep, may_act_as
from app.team import queries, service

router = APIRouter(prefix="/projects/{project_id}/team")


@router.get("")
def team_page(request: Request, project: MemberProjectDep, user: UserDep, session: ReadSessionDep) -> Response:
    """Engineers see everybody, others their own row."""
    engineer = may_act_as(user, Role.ENGINEER)
    team = service.read_team(session, project, None if engineer else user)
    return render(
        request,
        "team/page.html",
        team=team,
        engineer=engineer,
        counts=loop_counts(session, project.id),
        second=service.read_second_look(session, project) if engineer else None,
        differences=queries.list_differences(session, project, team.said) if engineer else [],
        classes={c.id: c for c in project.classes},
    )
