"""The audit page: plan a sample, have it drawn, check it, read what it proves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.db import ReadSessionDep, SessionDep
from app.html.fields import FormModel
from app.html.form_data import FormFieldsDep
from app.html.forms import parse_or_refuse
from app.html.htmx import go_to
from app.html.templating import render
from app.labeling.queries import loop_counts
from app.models import AuditPlan
from app.projects.access import MemberProjectDep
from app.review import audit, audit_queries, planning
from app.security import UserDep

router = APIRouter(prefix="/projects/{project_id}/audit")
Count = Annotated[int, Field(ge=1, le=100_000)]


class PlanForm(FormModel):
    size: Count
    plan: AuditPlan = AuditPlan.FIXED


class MoreForm(FormModel):
    count: Count


@router.get("")
def audit_page(
    request: Request,
    project: MemberProjectDep,
    session: ReadSessionDep,
    size: Annotated[int | None, Query(ge=1, le=100_000)] = None,
    number: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> Response:
    """`size` fills the form; `number` shows an earlier audit."""
    rows = audit_queries.list_audits(session, project.id)
    counts = loop_counts(session, project.id)
    shown = next((row for row in rows if number in {None, row.audit.number}), None)
    if number is not None and shown is None:
        audit_queries.get_audit(session, project.id, number)
    expected = audit_queries.find_expected(session, project.id)
    return render(
        request,
        "review/audit.html",
        rows=rows,
        shown=shown,
        newest=rows[0] if rows else None,
        pile=counts.accepted,
        seconds_each=counts.seconds_each,
        expected=expected,
        plans=planning.plans(counts.accepted, expected or planning.GUESSED_SHARE, project.target),
        size=size or planning.usual_size(counts.accepted, project.target),
        not_confirmed=audit_queries.list_not_confirmed(session, shown.audit) if shown else [],
        auditors=audit_queries.list_auditors(session, shown.audit) if shown else [],
    )


@router.post("")
def draw(
    request: Request, project: MemberProjectDep, user: UserDep, fields: FormFieldsDep, session: SessionDep
) -> Response:
    form = parse_or_refuse(PlanForm, fields)
    audit.draw(session, project=project, user=user, size=form.size, plan=form.plan)
    return go_to(request, f"/projects/{project.id}/audit/check")


@router.post("/more")
def draw_more(
    request: Request, project: MemberProjectDep, fields: FormFieldsDep, session: SessionDep
) -> Response:
    form = parse_or_refuse(MoreForm, fields)
    audit.draw_more(session, audit_queries.get_audit(session, project.id, None), form.count)
    return go_to(request, f"/projects/{project.id}/audit/check")


@router.post("/end")
def end(request: Request, project: MemberProjectDep, session: SessionDep) -> Response:
    audit.end(session, audit_queries.get_audit(session, project.id, None))
    return go_to(request, f"/projects/{project.id}/audit")
