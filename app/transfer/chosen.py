"""Which classifier a project has in use, and answers with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from app.config import Settings
from app.errors import ConflictError
from app.languages import gettext as _
from app.models import Bakeoff, ChosenModel, Classifier, Project, now
from app.results.in_use import find_in_use
from app.transfer.portables import find_made, get_file, start_export
from app.transfer.service import choose_classifier
from ml.metrics import REPORT_THRESHOLD


@dataclass(frozen=True)
class Answering:
    """A classifier that can be asked."""

    classifier: Classifier
    file: Path
    """ONNX."""
    threshold: float
    classes: list[str]
    positive: int
    bakeoff: int
    """Its number in the project."""


def choose(
    session: Session, settings: Settings, project: Project, user_id: int, classifier: Classifier, threshold: float
) -> None:
    """Take this classifier into use from now on; its ONNX file is made where there is none.

    Raise ConflictError while another one's files are made, NotFoundError when its own are gone.
    """
    if find_made(session, settings, classifier) is None:
        start_export(session, settings, project, user_id, classifier)
    session.merge(
        ChosenModel(
            project_id=project.id, classifier_id=classifier.id, threshold=threshold, chosen_by_id=user_id,
            chosen_at=now(),
        )
    )  # fmt: skip


def get_answering(session: Session, settings: Settings, project: Project, name: str = "") -> Answering:
    """Return the classifier in use, or the newest bake-off's of this name.

    Raise NotFoundError for a name that there is not, ConflictError when none is in use or its file is not ready.
    """
    in_use = find_in_use(session, project.id)
    if not name and in_use is None:
        raise ConflictError(
            _("%(project)s has no model in use; the results page takes one.") % {"project": project.name}
        )
    threshold = in_use.threshold if in_use else REPORT_THRESHOLD
    classifier = choose_classifier(session, project, name)
    if find_made(session, settings, classifier) is None:
        raise ConflictError(
            _("The ONNX file of %(model)s is not there yet; the export page makes it.")
            % {"model": classifier.title}
        )
    bakeoff = session.get_one(Bakeoff, classifier.bakeoff_id)
    file = get_file(session, settings, classifier, "onnx").path
    return Answering(classifier, file, threshold, bakeoff.report["classes"], bakeoff.positive, bakeoff.number)
