"""Uploads: one request brings the files and carries the progress of their import back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.requests import ClientDisconnect

from app.config import Settings
from app.db import Database, DatabaseDep, LetGoDep
from app.errors import AppError
from app.html.htmx import go_to
from app.images.form_files import FormFiles
from app.images.importing import import_images
from app.images.receiving import LimitsDep, receive_files
from app.images.reports import ImportCancelledError, ImportProgress, ImportReport
from app.images.uploads import UploadOptions, open_upload
from app.images.words import reason_in_words
from app.languages import gettext as _
from app.projects.access import EngineerProjectDep
from app.security import SettingsDep, UserDep

log = logging.getLogger(__name__)
router = APIRouter()

LINES = "application/x-ndjson"
EVERY_SECONDS = 0.2
IMPORTS = ThreadPoolExecutor(2, thread_name_prefix="import")
"""More imports at once wait in line: answers of annotators come first."""


@router.post("/projects/{project_id}/images")
async def upload_images(
    request: Request,
    project: EngineerProjectDep,
    user: UserDep,
    let_go: LetGoDep,
    database: DatabaseDep,
    settings: SettingsDep,
    limits: LimitsDep,
) -> Response:
    """Take a zip, or pictures. Asked for lines of JSON, tell the progress while the import runs."""
    project_id, user_id = project.id, user.id
    let_go()
    try:
        async with receive_files(request, settings, limits) as form:
            source = await asyncio.to_thread(open_upload, form, limits)
            options = UploadOptions.of(form)
            progress = ImportProgress(total=len(source.entries))
            form.keep()
    except ClientDisconnect:
        return Response(status_code=400)

    running = IMPORTS.submit(
        _import, form, database, settings, project_id=project_id, user_id=user_id, source=source,
        name=options.name, class_folders=options.class_folders, limits=limits, progress=progress,
    )  # fmt: skip
    if LINES in request.headers.get("Accept", ""):
        return StreamingResponse(_lines(running, progress, project_id), media_type=LINES)
    report = await asyncio.wrap_future(running)
    if "text/html" in request.headers.get("Accept", ""):
        return go_to(request, report_url(project_id, report.import_id))
    return JSONResponse(report.to_dict())


def _import(form: FormFiles, database: Database, settings: Settings, **chosen: Any) -> ImportReport:
    try:
        return import_images(database, settings, **chosen)
    finally:
        form.remove()


def report_url(project_id: int, import_id: int) -> str:
    return f"/projects/{project_id}/images/imports/{import_id}"


async def _lines(running: Future[ImportReport], progress: ImportProgress, project_id: int) -> AsyncIterator[str]:
    outcome = asyncio.wrap_future(running)
    try:
        while not outcome.done():
            yield _line({"stage": progress.stage, "done": progress.done, "total": progress.total})
            await asyncio.wait([outcome], timeout=EVERY_SECONDS)
        yield _line(_told(outcome, project_id))
    finally:
        progress.cancelled = True


def _told(outcome: asyncio.Future[ImportReport], project_id: int) -> dict[str, Any]:
    try:
        report = outcome.result()
    except AppError as error:
        return {"error": str(error), "status": error.status_code}
    except ImportCancelledError:
        return {"error": _("The import was cancelled; what was taken stays."), "status": 400}
    except Exception:
        log.exception("import into project %s", project_id)
        return {"error": _("Something went wrong on our side; upload the same files again."), "status": 500}
    notes = [replace(note, reason=reason_in_words(note.reason)) for note in report.notes]
    return {"report": replace(report, notes=notes).to_dict(), "url": report_url(project_id, report.import_id)}


def _line(message: dict[str, Any]) -> str:
    return json.dumps(message) + "\n"
