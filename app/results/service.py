"""Starting a bake-off, and what it takes to start one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadInputError, ConflictError
from app.jobs.queue import submit
from app.labeling.queries import list_missing
from app.labeling.service import Answer, submit_annotation
from app.languages import gettext as _
from app.models import Annotation, AnnotationKind, AnnotationSource, Image, Job, Project, Recipe, User
from app.results.changes import check_settings
from app.results.found import list_found
from ml.contract import MOST_FOLDS, Preset
from ml.zoo import DEFAULT, find_unknown

FEWEST_OF_A_CLASS = 10


@dataclass(frozen=True)
class Wanted:
    """What a person wants trained, and how."""

    models: Sequence[str] = ()
    """By their names in `ml.zoo`; none: the quick ones."""
    preset: Preset | None = None
    """None: the one of `preset_of`."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Overrides of the preset, by the names of `ml.settings.TrainSettings`."""
    folds: int = 0
    """0: a part held out judges; else every labelled image, in so many folds."""
    tuned: bool = False
    """With the settings that searches have found for these models."""


def start_bakeoff(session: Session, project: Project, user_id: int | None, wanted: Wanted) -> Job:
    """Queue the training of classifiers; one bake-off at a time.

    Raise BadInputError for a model or a setting that there is not, ConflictError with the sentence of `why_not`.
    """
    names = list(dict.fromkeys(wanted.models)) or list(DEFAULT)
    if sentence := find_unknown(names):
        raise BadInputError(sentence)
    check_settings(wanted.settings)
    if wanted.folds and not 2 <= wanted.folds <= MOST_FOLDS:
        raise BadInputError(_("A bake-off has 2 to %(number)s folds, or none.") % {"number": MOST_FOLDS})
    if reason := why_not(session, project):
        raise ConflictError(reason)
    spec = {
        "models": names,
        "preset": wanted.preset or preset_of(project),
        "settings": wanted.settings,
        "folds": wanted.folds,
        "tuned": _found_for(session, project, names) if wanted.tuned else {},
    }
    return submit(session, "bakeoff", project.id, spec, user_id)


def _found_for(session: Session, project: Project, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    found = list_found(session, project.id)
    return {name: found[name].settings for name in names if name in found}


@dataclass(frozen=True)
class Correction:
    """What a person says of an image whose label they see."""

    class_id: int
    seen: int | None
    """The class that it was labelled as on their screen."""
    seconds: float
    key: str


def correct(session: Session, project: Project, user: User, image_id: int, correction: Correction) -> Annotation:
    """Add an annotation of the source `issue`, whoever labelled the image before; done twice it is done once.

    Raise ConflictError when the label is by now another than the person saw.
    """
    image = session.scalars(select(Image).where(Image.id == image_id).with_for_update()).one()
    if image.class_id not in {correction.seen, correction.class_id}:
        raise ConflictError(_("%(name)s has another label meanwhile; please look again.") % {"name": image.name})
    answer = Answer(
        image_id=image_id, kind=AnnotationKind.LABEL, class_id=correction.class_id, key=correction.key,
        source=AnnotationSource.ISSUE, seconds=correction.seconds,
    )  # fmt: skip
    row = submit_annotation(session, user=user, project_id=project.id, answer=answer)
    session.flush()
    return row


def preset_of(project: Project) -> Preset:
    """Return how the project's classifiers are trained unless somebody chooses otherwise."""
    return Preset.REPORT if project.recipe == Recipe.FOUNDING else Preset.OWN


def why_not(session: Session, project: Project) -> str | None:
    """Return what is missing before classifiers can be compared, as a sentence; None when nothing is."""
    if missing := list_missing(session, project, FEWEST_OF_A_CLASS, accepted=True):
        sentence = _("Comparing classifiers needs more labelled images of every class: %(missing)s.")
        return sentence % {"missing": ", ".join(missing)}
    return None
