"""The search for settings, as people start it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.db import SessionDep
from app.html.fields import FormModel, PlainText
from app.html.form_data import FormFieldsDep
from app.html.forms import parse_or_refuse
from app.html.htmx import go_to
from app.projects.access import EngineerProjectDep
from app.results.searching import MOST_MINUTES, start_search
from app.security import UserDep

router = APIRouter(prefix="/projects/{project_id}/results/search")


class SearchForm(FormModel):
    model: PlainText = "compact"
    minutes: Annotated[float, Field(gt=0, le=MOST_MINUTES, allow_inf_nan=False)] = 20


@router.post("")
def start(
    request: Request, project: EngineerProjectDep, user: UserDep, fields: FormFieldsDep, session: SessionDep
) -> Response:
    asked = parse_or_refuse(SearchForm, fields)
    job = start_search(session, project, user.id, asked.model, asked.minutes)
    return go_to(request, f"/projects/{project.id}/jobs/{job.id}")
