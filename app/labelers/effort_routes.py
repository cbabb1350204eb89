"""The effort page: what the answers cost and bought, and whether to go on."""

from __future__ import annotations

import csv
import io

from fastapi import APIRouter, Request, Response

from app.db import ReadSessionDep
from app.html.templating import render
from app.labelers.effort import RoundPoint, chart, list_points, next_hundred, read_effort
from app.projects.access import MemberProjectDep
from app.review.service import read_bought

router = APIRouter(prefix="/projects/{project_id}")
COLUMNS = (
    "round", "answers", "accepted", "unclear", "wrong_in_all", "wrong_in_all_low", "wrong_in_all_high",
    "wrong_in_accepted", "wrong_in_accepted_low", "wrong_in_accepted_high",
)  # fmt: skip


@router.get("/effort")
def effort_page(request: Request, project: MemberProjectDep, session: ReadSessionDep) -> Response:
    effort = read_effort(session, project)
    return render(
        request, "labelers/effort.html", effort=effort, chart=chart(effort), hundred=next_hundred(effort),
        second=read_bought(session, project),
    )  # fmt: skip


@router.get("/effort.csv")
def effort_csv(project: MemberProjectDep, session: ReadSessionDep) -> Response:
    """A line a round: what it estimated when it was published, shares 0 to 1."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows(_line(point) for point in list_points(session, project.id))
    headers = {"Content-Disposition": f'attachment; filename="effort-{project.id}.csv"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def _line(point: RoundPoint) -> list[object]:
    line: list[object] = [point.number, point.answers, point.accepted, point.unclear]
    for share in (point.all_wrong, point.accepted_wrong):
        line += [f"{x:.6f}" for x in (share.estimate, share.low, share.high)] if share else ["", "", ""]
    return line
