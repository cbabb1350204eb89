"""Starting the labelers, and what it takes to start them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import ConflictError
from app.jobs.queue import find_active, submit
from app.labelers import queries
from app.labelers.patience import LONGEST, cannot_be_due, come_again_after
from app.labeling.queries import count_by_class, list_missing, loop_counts
from app.languages import gettext as _
from app.models import Annotation, Job, Project, Recipe
from ml.zoo import FOUNDING_PAIR

FEWEST_LABELS = 10
FEWEST_OF_A_CLASS = 2


def start(session: Session, project: Project, user_id: int | None, settings: dict[str, Any] | None = None) -> Job:
    """Queue a training of the labelers; pressed again while one waits or runs, that one is returned.

    `settings` override the recipe's, by the names of its settings in `ml`.
    Raise ConflictError with the sentence of `why_not`.
    """
    if reason := why_not(session, project):
        raise ConflictError(reason)
    return _queue(session, project, user_id, settings or {})


def _queue(session: Session, project: Project, user_id: int | None, settings: dict[str, Any]) -> Job:
    models = list(FOUNDING_PAIR) if project.recipe == Recipe.FOUNDING else []
    return submit(session, "label", project.id, {"models": models, "settings": settings}, user_id)


def go_on(session: Session, answer: Annotation) -> None:
    """Let the labelers of the recipe `squint` learn again when enough answers came since they last began.

    Nobody waits for it: the job is queued with the answer that fills the batch.
    """
    if cannot_be_due(session, answer):
        return
    project = session.get_one(Project, answer.project_id)
    if project.recipe != Recipe.SQUINT:
        come_again_after(session, answer, LONGEST)
        return
    began = queries.find_last_beginning(session, project.id)
    if began is None and not queries.knows_the_pile(session, project.id):
        # It looks at the images while people still label the seed.
        submit(session, "pretrain", project.id, {"models": []}, None)
    enough = project.seed_size if began is None else project.round_size
    count = queries.count_answers_since(session, project.id, began, enough)
    if count < enough:
        come_again_after(session, answer, enough - count)
        return
    if find_active(session, "label", project.id) is None and why_not(session, project) is None:
        _queue(session, project, None, {})


def go_on_after_file(session: Session, project_id: int) -> None:
    """As `go_on`, after many answers that came together."""
    session.flush()
    newest = select(Annotation).where(Annotation.project_id == project_id).order_by(Annotation.id.desc()).limit(1)
    if (answer := session.scalar(newest)) is not None:
        go_on(session, answer)


def why_not(session: Session, project: Project) -> str | None:
    """Return what is missing before the labelers can learn, as a sentence; None when nothing is."""
    if loop_counts(session, project.id).images == 0:
        return _("There are no images yet; import some first.")
    if len(project.active_classes) < 2:
        return _("The project has one class only; labelers need a second one to tell it from.")
    if missing := list_missing(session, project, FEWEST_OF_A_CLASS, accepted=False):
        sentence = _("The labelers need a few more seed labels: at least %(missing)s.")
        return sentence % {"missing": ", ".join(missing)}
    total = sum(count_by_class(session, project.id, accepted=False).values())
    if total < FEWEST_LABELS:
        sentence = _("The labelers need at least %(fewest)s seed labels; there are %(total)s.")
        return sentence % {"fewest": FEWEST_LABELS, "total": total}
    return None
