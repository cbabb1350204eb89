"""Classifiers on their way out: as they are, for other programs, and described."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from app.db import ReadSessionDep, SessionDep
from app.html.form_data import MAX_FORM_BYTES
from app.html.htmx import go_to
from app.html.templating import render
from app.projects.access import EngineerProjectDep
from app.security import SettingsDep, UserDep
from app.transfer import portables, queries, service
from app.transfer.card_facts import gather
from app.transfer.card_text import card, sections
from app.transfer.names import attachment
from app.transfer.portables import Format
from app.transfer.sending import send, temporary

router = APIRouter(prefix="/projects/{project_id}/export/models/{classifier_id}", max_body_size=MAX_FORM_BYTES)


@router.get(".zip")
def model_zip(
    project: EngineerProjectDep, classifier_id: int, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    classifier = queries.get_classifier(session, project.id, classifier_id)
    model = service.prepare_model(settings, classifier)
    file = temporary(settings.uploads_dir)
    facts = gather(session, settings, project, classifier)
    service.write_model_zip(model, facts.in_use_from, card(facts), file)
    return send(file, "application/zip", f"{model.name}.zip")


@router.get(".onnx")
def onnx(
    project: EngineerProjectDep, classifier_id: int, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    return _file(project, classifier_id, session, settings, "onnx")


@router.get(".pt2")
def torch_export(
    project: EngineerProjectDep, classifier_id: int, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    return _file(project, classifier_id, session, settings, "torch-export")


def _file(
    project: EngineerProjectDep,
    classifier_id: int,
    session: ReadSessionDep,
    settings: SettingsDep,
    wanted: Format,
) -> Response:
    classifier = queries.get_classifier(session, project.id, classifier_id)
    found = portables.get_file(session, settings, classifier, wanted)
    file = temporary(settings.uploads_dir)
    found.write(file)
    return send(file, "application/octet-stream", found.name)


@router.get("/card")
def card_page(
    request: Request,
    project: EngineerProjectDep,
    classifier_id: int,
    session: ReadSessionDep,
    settings: SettingsDep,
) -> Response:
    classifier = queries.get_classifier(session, project.id, classifier_id)
    facts = gather(session, settings, project, classifier)
    return render(
        request, "transfer/card.html", title=facts.card_title, sections=sections(facts), classifier=classifier
    )


@router.get("/card.md")
def card_markdown(
    project: EngineerProjectDep, classifier_id: int, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    classifier = queries.get_classifier(session, project.id, classifier_id)
    text = card(gather(session, settings, project, classifier))
    return PlainTextResponse(text, media_type="text/markdown; charset=utf-8", headers=attachment(service.CARD))


@router.post("/portable")
def make_portable(
    request: Request,
    project: EngineerProjectDep,
    classifier_id: int,
    user: UserDep,
    session: SessionDep,
    settings: SettingsDep,
) -> Response:
    """Start the making of ONNX and torch.export."""
    classifier = queries.get_classifier(session, project.id, classifier_id)
    portables.start_export(session, settings, project, user.id, classifier)
    return go_to(request, f"/projects/{project.id}/export")
