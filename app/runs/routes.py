"""Jobs as people watch them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from app.db import DatabaseDep, ReadSessionDep
from app.errors import NotFoundError
from app.html.htmx import STOP_POLLING, go_to
from app.html.templating import render
from app.jobs.presence import list_live_workers
from app.jobs.queue import cancel, log_path, resume
from app.languages import gettext as _
from app.models import Project
from app.projects.access import EngineerProjectDep, MemberProjectDep
from app.runs import queries
from ml.zoo import title_of

router = APIRouter(prefix="/projects/{project_id}/jobs")
TAIL_LINES = 500
TAIL_BYTES = 200_000


@router.get("")
def jobs_page(request: Request, project: EngineerProjectDep, session: ReadSessionDep) -> Response:
    views = queries.list_jobs(session, project.id)
    return render(request, "runs/list.html", views=views, alive=_alive(request, session))


@router.get("/strip")
def strip(request: Request, project: MemberProjectDep, session: ReadSessionDep) -> Response:
    """What runs now; an answer of 286 ends the asking until the page is opened again."""
    views = queries.list_active(session, project.id)
    shown = {view.job.id: queries.curves(session, view.job.id) for view in views}
    status = 200 if views else STOP_POLLING
    return render(
        request, "runs/_strip.html", status_code=status, views=views, curves=shown, alive=_alive(request, session)
    )


@router.get("/{job_id}")
def job_page(request: Request, project: EngineerProjectDep, job_id: str, session: ReadSessionDep) -> Response:
    return render(request, "runs/job.html", **_job(request, project, job_id, session))


@router.get("/{job_id}/live")
def live(request: Request, project: EngineerProjectDep, job_id: str, session: ReadSessionDep) -> Response:
    """The part of the job's page that changes; it replaces itself until the job is over."""
    shown = _job(request, project, job_id, session)
    status = STOP_POLLING if shown["view"].status.is_over else 200
    return render(request, "runs/_live.html", status_code=status, **shown)


@router.get("/{job_id}/curves.json")
def curves(project: MemberProjectDep, job_id: str, session: ReadSessionDep) -> Response:
    view = queries.get_job(session, project, job_id)
    curves = {title_of(series): metrics for series, metrics in queries.curves(session, job_id).items()}
    data = {"over": view.status.is_over, "curves": curves}
    return JSONResponse(data)


@router.post("/{job_id}/cancel")
def cancel_job(request: Request, project: EngineerProjectDep, job_id: str, database: DatabaseDep) -> Response:
    _check(database, project, job_id)
    cancel(database, job_id)
    return go_to(request, f"/projects/{project.id}/jobs/{job_id}")


@router.post("/{job_id}/retry")
def retry_job(request: Request, project: EngineerProjectDep, job_id: str, database: DatabaseDep) -> Response:
    _check(database, project, job_id)
    resume(database, job_id)
    return go_to(request, f"/projects/{project.id}/jobs/{job_id}")


@router.get("/{job_id}/log")
def log(request: Request, project: EngineerProjectDep, job_id: str, session: ReadSessionDep) -> Response:
    queries.get_job(session, project, job_id)
    path = log_path(request.app.state.settings, job_id)
    if not path.exists():
        raise NotFoundError(_("This job has not written a log yet."))
    return FileResponse(path, media_type="text/plain; charset=utf-8", filename=f"squint-{job_id[:8]}.log")


def _check(database: DatabaseDep, project: Project, job_id: str) -> None:
    with database.read() as session:
        queries.get_job(session, project, job_id)


def _job(request: Request, project: Project, job_id: str, session: ReadSessionDep) -> dict[str, Any]:
    view = queries.get_job(session, project, job_id)
    return {
        "view": view,
        "alive": _alive(request, session),
        "curves": not view.status.is_over or queries.has_curves(session, job_id),
        "log": tail(log_path(request.app.state.settings, job_id)),
    }


def _alive(request: Request, session: ReadSessionDep) -> bool:
    return bool(list_live_workers(session, request.app.state.settings.worker_dead_after_s))


def tail(path: Path) -> str:
    """Return the last lines of a log, however long it is; empty when there is none."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(path.stat().st_size - TAIL_BYTES, 0))
            text = stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])
