"""How good a classifier is on labelled pictures that no project has seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.errors import BadInputError
from app.images.importing import open_source
from app.images.labelled import label_of, read_labels, read_pictures
from app.images.limits import SHELL
from app.progress import Show
from app.projects.grouping import group_of
from ml.metrics import REPORT_THRESHOLD, confusion_matrix, decide, summarise

AT_ONCE = 256
"""Pictures that are held in memory together."""
Predict = Callable[[Sequence[Image.Image]], NDArray[np.float32]]
"""Gives probabilities `[N, K]`, columns in the order of the classes."""


@dataclass(frozen=True)
class Judged:
    """A classifier: what it calls its classes, and how it is asked."""

    classes: Sequence[str]
    positive: int
    predict: Predict
    threshold: float = REPORT_THRESHOLD
    """A score from here on says positive; for two classes."""


@dataclass
class Answers:
    """What it said of the pictures that have a label."""

    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    probabilities: list[NDArray[np.float32]] = field(default_factory=list)
    unlabelled: int = 0


def judge(judged: Judged, images: Path, labels: Path, pattern: str, show: Show) -> dict[str, Any]:
    """Return counts, figures with 95 % intervals, over all and class by class, and the confusion matrix.

    `pattern` names a picture's group by its file name: intervals then treat a group as one witness. Raise
    BadInputError for a label that is none of the classes, and when no picture has a label.
    """
    answers = _ask(judged, images, _known_labels(judged, labels), show)
    if not answers.names:
        raise BadInputError("None of the pictures has a label in that file.")
    show("intervals", 1, 1)
    groups = [group_of(pattern, name) or name for name in answers.names]
    truth, scores = np.array(answers.labels), np.concatenate(answers.probabilities)
    matrix = confusion_matrix(truth, decide(scores, judged.positive, judged.threshold), len(judged.classes))
    found = summarise(truth, scores, groups, judged.positive, threshold=judged.threshold)
    return {
        "classes": list(judged.classes),
        "positive": judged.classes[judged.positive],
        "unlabelled": answers.unlabelled,
        **found,
        "confusion_matrix": matrix.tolist(),
        "per_class": {
            name: {**figures, "support": int(matrix[place].sum())}
            for place, (name, figures) in enumerate(zip(judged.classes, found["per_class"], strict=True))
        },
    }


def _known_labels(judged: Judged, labels: Path) -> Mapping[str, int]:
    index = {name: place for place, name in enumerate(judged.classes)}
    found = read_labels(labels)
    for name, label in found.items():
        if label not in index:
            known = ", ".join(judged.classes)
            raise BadInputError(f"{name}: the model knows no class {label}; it knows {known}.")
    return {name: index[label] for name, label in found.items()}


def _ask(judged: Judged, images: Path, labels: Mapping[str, int], show: Show) -> Answers:
    answers = Answers()
    with open_source(images, SHELL) as source:
        total = len(source.entries)
        pictures = read_pictures(source)
        while part := list(islice(pictures, AT_ONCE)):
            known = [
                (name, picture, label) for name, picture in part if (label := label_of(labels, name)) is not None
            ]
            answers.unlabelled += len(part) - len(known)
            if known:
                answers.names += [name for name, _, _ in known]
                answers.labels += [label for _, _, label in known]
                answers.probabilities.append(judged.predict([picture for _, picture, _ in known]))
            show("scoring", len(answers.names) + answers.unlabelled, total)
    return answers
