"""Starting a search for a model's training settings."""

from __future__ import annotations

from importlib.util import find_spec

from sqlalchemy.orm import Session

from app.errors import BadInputError, ConflictError
from app.jobs.queue import submit
from app.languages import gettext as _
from app.models import Job, Project
from app.results.service import preset_of, why_not
from ml.zoo import find_unknown, is_taught_by_gradient

MOST_MINUTES = 24 * 60


def start_search(session: Session, project: Project, user_id: int | None, model: str, minutes: float) -> Job:
    """Queue a search for the model's settings; one search at a time.

    Raise BadInputError for a model or a time that cannot be, ConflictError with the sentence of `why_not`.
    """
    if sentence := find_unknown([model]):
        raise BadInputError(sentence)
    if not is_taught_by_gradient(model):
        raise BadInputError(_("%(model)s has no training settings to search through.") % {"model": model})
    if not 0 < minutes <= MOST_MINUTES:
        raise BadInputError(_("A search takes up to %(number)s minutes.") % {"number": MOST_MINUTES})
    if sentence := find_missing():
        raise BadInputError(sentence)
    if reason := why_not(session, project):
        raise ConflictError(reason)
    spec = {"models": [model], "preset": preset_of(project), "minutes": minutes}
    return submit(session, "tune", project.id, spec, user_id)


def find_missing() -> str | None:
    """Return a sentence where the library that searches is not installed."""
    if find_spec("optuna") is None:
        return "Searching for settings needs the extra tune: pip install 'squint[tune]'."
    return None
