"""The results page: which model ships, and whether the labels are good enough."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.db import ReadSessionDep, SessionDep
from app.errors import NotFoundError
from app.html.fields import FormModel, PlainText
from app.html.forms import parse_or_refuse
from app.html.htmx import go_to
from app.html.templating import render
from app.jobs.queue import find_active
from app.languages import gettext as _
from app.models import Bakeoff, Project
from app.notes import note_in_words
from app.projects.access import EngineerProjectDep, MemberProjectDep
from app.results import queries, searching, service
from app.results.changes import KNOWN, read_settings
from app.results.choice import Choice, ChoiceDep
from app.results.compare_routes import router as compare
from app.results.data_routes import router as data
from app.results.finding_routes import router as findings
from app.results.found import list_found
from app.results.image_routes import router as images
from app.results.in_use import find_in_use
from app.results.standings import ModelRow, fronts, sort_rows
from app.results.words import columns
from app.security import UserDep
from ml.contract import MOST_FOLDS, Preset
from ml.metrics import per_class
from ml.zoo import ZOO, find_missing_extra

router = APIRouter(prefix="/projects/{project_id}/results")


class BakeoffForm(FormModel):
    models: list[PlainText] = Field(default_factory=list)
    others: PlainText = ""
    """More of them, parted by commas or spaces."""
    preset: Preset | None = None
    settings: PlainText = ""
    """`NAME=VALUE`s that go before the preset, parted by commas or spaces."""
    folds: Annotated[int, Field(ge=0, le=MOST_FOLDS)] = 0
    tuned: bool = False

    @property
    def wanted(self) -> service.Wanted:
        names = [*self.models, *self.others.replace(",", " ").split()]
        changes = read_settings(self.settings.replace(",", " ").split())
        return service.Wanted(names, self.preset, changes, self.folds, tuned=self.tuned)


@router.get("")
def results_page(
    request: Request, project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep
) -> Response:
    """The first answer needs no score: charts, galleries and findings come after it."""
    bakeoff = queries.find_bakeoff(session, project.id, choice.bakeoff)
    return render(
        request,
        "results/page.html",
        zoo=ZOO,
        missing={entry.name: extra for entry in ZOO if (extra := find_missing_extra(entry.name))},
        no_search=searching.find_missing(),
        preset=service.preset_of(project),
        settings_known=KNOWN,
        why_not=service.why_not(session, project),
        active=find_active(session, "bakeoff", project.id),
        bakeoffs=queries.list_bakeoffs(session, project.id),
        found=list_found(session, project.id),
        searching=find_active(session, "tune", project.id),
        **(_shown(session, project, bakeoff, choice) if bakeoff else {"bakeoff": None, "choice": choice}),
    )


async def bakeoff_form(request: Request) -> BakeoffForm:
    form = await request.form(max_files=0, max_fields=30)
    return parse_or_refuse(BakeoffForm, {**form, "models": form.getlist("models")})


@router.post("")
def start(
    request: Request,
    project: EngineerProjectDep,
    user: UserDep,
    asked: Annotated[BakeoffForm, Depends(bakeoff_form)],
    session: SessionDep,
) -> Response:
    service.start_bakeoff(session, project, user.id, asked.wanted)
    return go_to(request, f"/projects/{project.id}/results")


@router.get("/live")
def live(request: Request, project: MemberProjectDep, session: ReadSessionDep, choice: ChoiceDep) -> Response:
    """What the chosen model moves."""
    bakeoff = queries.get_bakeoff(session, project.id, choice.bakeoff)
    return render(request, "results/_live.html", **_shown(session, project, bakeoff, choice))


def _shown(session: ReadSessionDep, project: Project, bakeoff: Bakeoff, choice: Choice) -> dict[str, Any]:
    rows = sort_rows(queries.read_rows(session, bakeoff), choice.sort, choice.high)
    if not rows:
        raise NotFoundError(_("This bake-off has no models."))
    chosen = next((row for row in rows if row.id == choice.model), rows[0])
    config = _config(project, bakeoff, rows, chosen, choice)
    matrix = queries.read_matrix(session, bakeoff, chosen, choice.high)
    return {
        "bakeoff": bakeoff,
        "classes": bakeoff.report["classes"],
        "two_classes": len(bakeoff.report["classes"]) == 2,
        "choice": choice,
        "columns": columns(),
        "notes": [note_in_words(note) for note in bakeoff.report["notes"]],
        "rows": rows,
        "on_front": [any(model["front"].values()) for model in config["models"]],
        "chosen": chosen,
        "in_use": find_in_use(session, project.id),
        "matrix": matrix.tolist(),
        "per_class": per_class(matrix),
        "colors": config["colors"],
        "config": config,
    }


def _config(
    project: Project, bakeoff: Bakeoff, rows: list[ModelRow], chosen: ModelRow, choice: Choice
) -> dict[str, Any]:
    """Return what the page's script draws from, besides the tallies."""
    front = fronts(rows)
    return {
        "base": f"/projects/{project.id}/results",
        "bakeoff": bakeoff.number,
        "classes": bakeoff.report["classes"],
        "colors": [_color(project, class_id) for class_id in bakeoff.class_ids],
        "positive": bakeoff.positive,
        "model": chosen.id,
        "threshold": choice.high,
        "from": choice.low,
        "models": [
            {
                "id": row.id, "title": row.title, "error": row.error, "version": row.sha256[:12],
                "latency_ms": row.cost("latency_ms"), "bytes": row.cost("bytes"),
                "front": {name: flags[place] for name, flags in front.items()},
            }
            for place, row in enumerate(rows)
        ],
    }  # fmt: skip


def _color(project: Project, class_id: int) -> int:
    return next((c.color for c in project.classes if c.id == class_id), 8)


for part in (data, images, findings, compare):
    router.include_router(part)
