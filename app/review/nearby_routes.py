"""The help beside a hard image."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from app.db import DatabaseDep
from app.errors import BadInputError
from app.projects.access import MemberDep
from app.review.nearby_queries import nearby
from app.security import SettingsDep

router = APIRouter(prefix="/projects/{project_id}")
MOST = 50


@router.get("/nearby")
async def show_nearby(
    member: MemberDep,
    ids: Annotated[str, Query(pattern=r"^[1-9]\d{0,8}(,[1-9]\d{0,8})*$", max_length=10 * MOST)],
    database: DatabaseDep,
    settings: SettingsDep,
) -> Response:
    """Return the nearest answered images of each class and the rest of the group, for each of `ids`."""
    wanted = list(dict.fromkeys(int(number) for number in ids.split(",")))
    if len(wanted) > MOST:
        raise BadInputError(f"ids: at most {MOST} images at a time.")
    packs = settings.packs_dir / str(member.project_id)
    found = await database.ask(lambda session: nearby(session, member.project_id, packs, wanted))
    return JSONResponse(found)
