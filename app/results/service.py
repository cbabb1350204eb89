"""Starting a bake-off, and what it takes to start one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.errors import BadInputError, ConflictError
from app.jobs.queue import submit
from app.labeling.queries import count_by_class
from app.models import Job, Project

FEWEST_OF_A_CLASS = 10


@dataclass(frozen=True)
class Choice:
    """A model that the form offers."""

    name: str
    title: str
    millions: float
    """Parameters, in millions."""
    chosen: bool = False


ZOO = [
    Choice("yolov8n-cls", "YOLOv8n", 1.4, chosen=True),
    Choice("mobilenet_v3_small", "MobileNetV3 small", 1.5, chosen=True),
    Choice("mobilenet_v3_large", "MobileNetV3 large", 4.2),
    Choice("resnet18", "ResNet18", 11.2, chosen=True),
    Choice("yolov8m-cls", "YOLOv8m", 15.8),
    Choice("resnet50", "ResNet50", 23.5),
    Choice("resnet101", "ResNet101", 42.5),
]
DEFAULT_MODELS = [choice.name for choice in ZOO if choice.chosen]


def start_bakeoff(
    session: Session,
    project: Project,
    user_id: int | None,
    models: Sequence[str] = (),
    settings: dict[str, Any] | None = None,
) -> Job:
    """Queue the training of the named classifiers, by default of the quick ones; one bake-off at a time.

    `settings` override the recipe's, by the names of `ml.settings.TrainSettings`. Raise BadInputError for a model
    that is not offered, ConflictError with the sentence of `why_not`.
    """
    known = {choice.name for choice in ZOO}
    names = list(dict.fromkeys(models)) or DEFAULT_MODELS
    if unknown := [name for name in names if name not in known]:
        raise BadInputError(f"There is no model named {unknown[0]}; there are {', '.join(sorted(known))}.")
    if reason := why_not(session, project):
        raise ConflictError(reason)
    return submit(session, "bakeoff", project.id, {"models": names, "settings": settings or {}}, user_id)


def why_not(session: Session, project: Project) -> str | None:
    """Return what is missing before classifiers can be compared, as a sentence; None when nothing is."""
    counts = count_by_class(session, project.id, accepted=True)
    missing = [
        f"{FEWEST_OF_A_CLASS - counts.get(c.id, 0)} more of {c.name}"
        for c in project.active_classes
        if counts.get(c.id, 0) < FEWEST_OF_A_CLASS
    ]
    if missing:
        return f"Comparing classifiers needs labelled images of every class: {', '.join(missing)}."
    return None
