"""The page with the map of the images, and the map itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from app.db import ReadSessionDep
from app.html.templating import render
from app.images import browsing, mapped
from app.projects.access import MemberProjectDep
from app.security import SettingsDep

router = APIRouter(prefix="/projects/{project_id}/images/map")


@router.get("")
def show_map(
    request: Request, project: MemberProjectDep, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    return render(
        request,
        "images/map.html",
        drawn=mapped.has_map(settings.packs_dir / str(project.id)),
        total=sum(browsing.count_states(session, project.id).values()),
    )


@router.get("/points")
def map_points(project: MemberProjectDep, session: ReadSessionDep, settings: SettingsDep) -> dict[str, Any]:
    return mapped.read_map(session, project, settings.packs_dir / str(project.id))
