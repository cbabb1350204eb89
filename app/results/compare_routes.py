"""Runs are records: two models side by side."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.db import ReadSessionDep
from app.errors import NotFoundError
from app.html.templating import render
from app.languages import gettext as _
from app.projects.access import MemberProjectDep
from app.results import comparing
from app.results.choice import Id, Share
from app.results.galleries import View, gallery
from app.results.words import figure_word
from ml.metrics import REPORT_THRESHOLD

router = APIRouter()
SHOWN = 48


@router.get("/compare")
def compare(
    request: Request,
    project: MemberProjectDep,
    session: ReadSessionDep,
    first: Id = None,
    second: Id = None,
    threshold: Share = REPORT_THRESHOLD,
) -> Response:
    """Settings that differ, figures with intervals, the paired test, and the images that changed sides."""
    models = comparing.list_models(session, project.id)
    if not models:
        raise NotFoundError(_("There are no results yet."))
    chosen = [first or models[0][0], second or models[min(1, len(models) - 1)][0]]
    one, two = (comparing.open_side(session, project.id, classifier_id) for classifier_id in chosen)
    found = comparing.compare_sides(session, one, two, threshold) if _alike(one, two) else None
    galleries = [
        (words, len(rows), gallery(session, project, View(two.board, two.contender), rows[:SHOWN]))
        for words, rows in (
            ((_("Only the second is right"), found.won), (_("Only the first is right"), found.lost))
            if found
            else ()
        )
    ]
    return render(
        request, "results/compare.html", models=models, sides=[one, two], found=found, galleries=galleries,
        threshold=round(threshold, 3), differences=comparing.differences(one, two),
        figures_shown=[(name, figure_word(name)) for name in comparing.FIGURES],
    )  # fmt: skip


def _alike(first: comparing.Side, second: comparing.Side) -> bool:
    """Whether both know the same classes: else there is nothing to compare image by image."""
    return (
        first.bakeoff.class_ids == second.bakeoff.class_ids and first.bakeoff.positive == second.bakeoff.positive
    )
