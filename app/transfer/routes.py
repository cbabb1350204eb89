"""The export page and its downloads."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.db import Database, DatabaseDep, ReadSessionDep
from app.html.templating import render
from app.projects.access import EngineerProjectDep
from app.security import SettingsDep
from app.transfer import queries, service
from app.transfer.names import attachment
from app.transfer.service import FolderNames

router = APIRouter(prefix="/projects/{project_id}")
HELD_BYTES = 8 << 20
"""A table larger than this waits on disk."""
PART_BYTES = 1 << 20
Temporary = tempfile.SpooledTemporaryFile[bytes]


@router.get("/export")
def export_page(request: Request, project: EngineerProjectDep, session: ReadSessionDep) -> Response:
    return render(
        request,
        "transfer/export.html",
        counts=queries.count_for_export(session, project),
        classifiers=queries.list_classifiers(session, project.id),
    )


@router.get("/export/labels.csv")
def labels_csv(project: EngineerProjectDep, database: DatabaseDep, settings: SettingsDep) -> Response:
    return _table(
        service.write_labels_csv, database, project.id, settings.uploads_dir, f"{project.name}-labels.csv"
    )


@router.get("/unclear.csv")
def unclear_csv(project: EngineerProjectDep, database: DatabaseDep, settings: SettingsDep) -> Response:
    return _table(
        service.write_unclear_csv, database, project.id, settings.uploads_dir, f"{project.name}-unclear.csv"
    )


@router.get("/export/folders.zip")
def folders_zip(
    project: EngineerProjectDep, database: DatabaseDep, settings: SettingsDep, folders: FolderNames = "class"
) -> Response:
    export = service.export_folders(database, settings, project.id, folders)
    return StreamingResponse(
        export.parts, media_type="application/zip", headers=attachment(f"{project.name}-folders.zip")
    )


@router.get("/export/models/{classifier_id}.zip")
def model_zip(
    project: EngineerProjectDep, classifier_id: int, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    classifier = queries.get_classifier(session, project.id, classifier_id)
    model = service.prepare_model(settings, classifier)
    file = _temporary(settings.uploads_dir)
    service.write_model_zip(model, file)
    return _send(file, "application/zip", f"{model.name}.zip")


def _table(
    write: Callable[[Database, int, io.TextIOWrapper], int],
    database: Database,
    project_id: int,
    folder: Path,
    name: str,
) -> Response:
    """The whole table is written before the first byte is sent: the transaction waits for nobody."""
    file = _temporary(folder)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    write(database, project_id, text)
    text.flush()
    text.detach()
    return _send(file, "text/csv; charset=utf-8", name)


def _temporary(folder: Path) -> Temporary:
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.SpooledTemporaryFile(max_size=HELD_BYTES, mode="w+b", dir=str(folder))


def _send(file: Temporary, media_type: str, name: str) -> Response:
    headers = {**attachment(name), "Content-Length": str(file.seek(0, io.SEEK_END))}
    return StreamingResponse(_parts(file), media_type=media_type, headers=headers)


def _parts(file: Temporary) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(PART_BYTES):
            yield part
