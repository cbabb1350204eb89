"""Which model answers programs, and the tokens by which they ask."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.db import SessionDep
from app.html.fields import FormModel, Name
from app.html.form_data import MAX_FORM_BYTES, FormFieldsDep
from app.html.forms import parse_or_refuse
from app.html.htmx import go_to
from app.html.templating import render
from app.models import Bakeoff
from app.projects.access import EngineerProjectDep
from app.security import SettingsDep, UserDep
from app.transfer import chosen, tokens
from app.transfer.queries import get_classifier
from ml.metrics import REPORT_THRESHOLD

router = APIRouter(prefix="/projects/{project_id}/export", max_body_size=MAX_FORM_BYTES)


class ChoiceForm(FormModel):
    classifier: int
    threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = REPORT_THRESHOLD
    back: Literal["export", "results"] = "export"
    """The page on which it was chosen."""


class TokenForm(FormModel):
    name: Name


@router.post("/choice")
def choose(
    request: Request,
    project: EngineerProjectDep,
    user: UserDep,
    fields: FormFieldsDep,
    session: SessionDep,
    settings: SettingsDep,
) -> Response:
    """Take a classifier into use from now on."""
    form = parse_or_refuse(ChoiceForm, fields)
    classifier = get_classifier(session, project.id, form.classifier)
    chosen.choose(session, settings, project, user.id, classifier, form.threshold)
    if form.back == "export":
        return go_to(request, f"/projects/{project.id}/export")
    number = session.get_one(Bakeoff, classifier.bakeoff_id).number
    query = urlencode({"bakeoff": number, "model": classifier.id, "threshold": round(form.threshold, 3)})
    return go_to(request, f"/projects/{project.id}/results?{query}")


@router.post("/tokens")
def make(
    request: Request,
    project: EngineerProjectDep,
    user: UserDep,
    fields: FormFieldsDep,
    session: SessionDep,
    settings: SettingsDep,
) -> Response:
    """The one time that the token can be read: the database keeps only its hash."""
    name = parse_or_refuse(TokenForm, fields).name
    token = tokens.make_token(session, project.id, user.id, name)
    address = settings.public_url or str(request.base_url).rstrip("/")
    return render(request, "transfer/new_token.html", token=token, name=name, address=address)


@router.post("/tokens/{token_id}/revoke")
def revoke(request: Request, project: EngineerProjectDep, session: SessionDep, token_id: int) -> Response:
    tokens.revoke_token(session, project.id, token_id)
    return go_to(request, f"/projects/{project.id}/export")
