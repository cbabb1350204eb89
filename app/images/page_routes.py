"""The page of images, an import's report, and labels from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from app.db import DatabaseDep, LetGoDep, ReadSessionDep, SessionDep
from app.errors import BadInputError
from app.html.templating import render
from app.images import browsing
from app.images.browsing import ImageFilter
from app.images.label_files import import_labels
from app.images.labels import LabelReport
from app.images.labels_csv import LabelRow, read_labels_csv
from app.images.limits import size_words
from app.images.receiving import LimitsDep, receive_files
from app.images.words import reason_in_words
from app.labelers import service as labelers
from app.labeling.service import take_back_upload
from app.languages import gettext as _
from app.models import AnnotationSource, Project, User
from app.projects.access import EngineerProjectDep, MemberProjectDep
from app.security import SettingsDep, UserDep
from app.words import source_word, state_word

router = APIRouter(prefix="/projects/{project_id}/images")

LABEL_SOURCES = (AnnotationSource.IMPORT, AnnotationSource.SEED, AnnotationSource.REVIEW)
LISTED = 200
"""Rows of a report that the page shows."""


def image_filter(
    project: MemberProjectDep,
    state: str = "",
    class_id: str = "",
    source: str = "",
    q: Annotated[str, Query(max_length=200)] = "",
) -> ImageFilter:
    return ImageFilter(state, _class_id(project, class_id), source, q.replace("\0", ""))


@router.get("")
def show_images(
    request: Request,
    project: MemberProjectDep,
    session: ReadSessionDep,
    wanted: Annotated[ImageFilter, Depends(image_filter)],
    limits: LimitsDep,
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    return render(
        request,
        "images/browse.html",
        wanted=wanted,
        page=browsing.list_tiles(session, project.id, wanted, after),
        after=after,
        counts=browsing.count_states(session, project.id),
        classes={c.id: c for c in project.classes},
        states=browsing.STATES,
        state_words={name: state_word(name) for name in browsing.STATES},
        sources=browsing.SOURCES,
        source_words={name: source_word(name) for name in browsing.SOURCES},
        imports=browsing.list_imports(session, project.id),
        label_sources=_label_sources(),
        largest_zip=size_words(limits.upload_bytes),
        most_files=limits.entries,
    )


def _label_sources() -> dict[str, str]:
    words = (_("labels made elsewhere"), _("the seed"), _("answers to unclear images"))
    return dict(zip(LABEL_SOURCES, words, strict=True))


def _class_id(project: Project, text: str) -> int | None:
    if not text:
        return None
    found = next((c.id for c in project.classes if str(c.id) == text), None)
    if found is None:
        raise BadInputError(_("class_id: this project has no such class."))
    return found


@router.get("/imports/{import_id}")
def show_import(request: Request, project: MemberProjectDep, session: ReadSessionDep, import_id: int) -> Response:
    batch = browsing.get_import(session, project, import_id)
    return render(request, "images/import.html", batch=batch, in_words=reason_in_words)


@router.post("/labels")
async def upload_labels(
    request: Request,
    project: EngineerProjectDep,
    user: UserDep,
    let_go: LetGoDep,
    database: DatabaseDep,
    settings: SettingsDep,
    limits: LimitsDep,
) -> Response:
    """Take a file `filename,label`; list every row that adds nothing, with the reason."""
    project_id, user_id = project.id, user.id
    let_go()
    try:
        async with receive_files(request, settings, limits.for_labels()) as form:
            source = _source(form.fields.get("source", AnnotationSource.IMPORT))
            replace = form.fields.get("replace") == "true"
            rows = await to_thread.run_sync(_read_rows, form.files[0].path)
    except ClientDisconnect:
        return Response(status_code=400)
    report = await database.change(
        lambda session: _take_labels(session, project_id, user_id, rows, source, replace=replace)
    )
    if "json" in request.headers.get("Accept", ""):
        return JSONResponse(report.to_dict())
    answer = render(request, "images/labels.html", report=report, listed=LISTED)
    answer.headers["HX-Trigger"] = "labels-added"
    return answer


def _source(word: str) -> AnnotationSource:
    if word not in LABEL_SOURCES:
        raise BadInputError(_("source: there is no such source of labels."))
    return AnnotationSource(word)


def _read_rows(file: Path) -> list[LabelRow]:
    return read_labels_csv(file.read_bytes())


def _take_labels(
    session: Session,
    project_id: int,
    user_id: int,
    rows: Sequence[LabelRow],
    source: AnnotationSource,
    *,
    replace: bool,
) -> LabelReport:
    project, user = session.get_one(Project, project_id), session.get_one(User, user_id)
    report = import_labels(session, project=project, user=user, rows=rows, source=source, replace=replace)
    labelers.go_on_after_file(session, project_id)
    return report


@router.post("/labels/{upload}/undo")
def undo_labels(
    request: Request, project: EngineerProjectDep, user: UserDep, session: SessionDep, upload: str
) -> Response:
    """Take back all that one file of labels added or replaced."""
    count = take_back_upload(session, user=user, project_id=project.id, upload=upload)
    answer = render(request, "images/labels_undone.html", count=count)
    answer.headers["HX-Trigger"] = "labels-added"
    return answer
