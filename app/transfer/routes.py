"""The export page and its downloads."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.db import DatabaseDep, ReadSessionDep
from app.html.templating import render
from app.projects.access import EngineerProjectDep
from app.results.in_use import find_in_use
from app.security import SettingsDep
from app.transfer import api_routes, model_routes, queries, service, serving_routes
from app.transfer.names import attachment
from app.transfer.portables import find_making, list_made
from app.transfer.report import write_report
from app.transfer.sending import table
from app.transfer.service import FolderNames
from app.transfer.tokens import list_tokens

pages = APIRouter(prefix="/projects/{project_id}")


@pages.get("/export")
def export_page(
    request: Request, project: EngineerProjectDep, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    classifiers = queries.list_classifiers(session, project.id)
    in_use = find_in_use(session, project.id)
    if in_use and all(classifier.id != in_use.classifier_id for classifier in classifiers):
        classifiers.append(queries.get_classifier(session, project.id, in_use.classifier_id))
    return render(
        request,
        "transfer/export.html",
        counts=queries.count_for_export(session, project),
        classifiers=classifiers,
        made=list_made(session, settings, classifiers),
        making=find_making(session, project.id),
        in_use=in_use,
        tokens=list_tokens(session, project.id),
        address=settings.public_url or str(request.base_url).rstrip("/"),
    )


@pages.get("/export/labels.csv")
def labels_csv(project: EngineerProjectDep, database: DatabaseDep, settings: SettingsDep) -> Response:
    return table(
        service.write_labels_csv, database, project.id, settings.uploads_dir, f"{project.name}-labels.csv"
    )


@pages.get("/unclear.csv")
def unclear_csv(project: EngineerProjectDep, database: DatabaseDep, settings: SettingsDep) -> Response:
    return table(
        service.write_unclear_csv, database, project.id, settings.uploads_dir, f"{project.name}-unclear.csv"
    )


@pages.get("/export/folders.zip")
def folders_zip(
    project: EngineerProjectDep, database: DatabaseDep, settings: SettingsDep, folders: FolderNames = "class"
) -> Response:
    export = service.export_folders(database, settings, project.id, folders)
    return StreamingResponse(
        export.parts, media_type="application/zip", headers=attachment(f"{project.name}-folders.zip")
    )


@pages.get("/export/report.html")
def report_html(project: EngineerProjectDep, database: DatabaseDep, settings: SettingsDep) -> Response:
    """The newest bake-off in one file, to be kept."""
    headers = attachment(f"{project.name}-report.html")
    return Response(write_report(database, settings, project.id), media_type="text/html", headers=headers)


router = APIRouter()
for part in (pages, model_routes.router, serving_routes.router, api_routes.router):
    router.include_router(part)
