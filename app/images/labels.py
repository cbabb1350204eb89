"""Labels that came with the images or in a file: each becomes an answer, or is listed with the reason why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from app.labeling import queries as labeling_queries
from app.labeling import service as labeling
from app.models import AnnotationSource, ImageState, LabelClass, Project

HUMAN_SOURCES = {source.value for source in AnnotationSource}
NO_LABEL: dict[str, str] = {ImageState.SET_ASIDE: "can’t tell", ImageState.DISPUTED: "people differ"}
"""What people said where no label came of it."""
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class RefusedRow:
    row: int
    """0: not from a file of labels."""
    filename: str
    reason: str


@dataclass(frozen=True)
class Conflict:
    """A label that says something else than a person has said before; nothing was changed."""

    row: int
    filename: str
    says: str
    has: str


@dataclass
class LabelReport:
    """`received = added + unchanged + refused + conflicts`."""

    added: int = 0
    unchanged: int = 0
    """Rows that say what is known already."""
    refused: list[RefusedRow] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def received(self) -> int:
        return self.added + self.unchanged + len(self.refused) + len(self.conflicts)

    def refuse(self, label: GivenLabel, reason: str) -> None:
        self.refused.append(RefusedRow(label.row, label.filename, reason))

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "received": self.received}


@dataclass(frozen=True)
class LabelledImage:
    """What decides whether an image may be given a label."""

    id: int
    name: str
    state: str
    class_id: int | None
    label_source: str | None


@dataclass(frozen=True)
class GivenLabel:
    """A label for an image, as somebody gave it."""

    image: LabelledImage
    label_class: LabelClass
    filename: str
    row: int = 0
    accepted: bool = False
    """Given as the labelers' agreement, by our own export."""


def add_labels(
    session: Session,
    project: Project,
    author_id: int,
    labels: Iterable[GivenLabel],
    source: AnnotationSource,
    report: LabelReport,
) -> None:
    """Add one answer of `author_id` for each image whose labels agree and which no person has answered."""
    of_image: dict[int, list[GivenLabel]] = defaultdict(list)
    for label in labels:
        of_image[label.image.id].append(label)
    titles = {c.id: c.name for c in project.classes}
    agreed = (_agreed(given, titles, report) for given in of_image.values())
    wanted = [label for label in agreed if label]
    report.added += len(wanted)
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        part = wanted[start : start + ROWS_AT_ONCE]
        labeling.add_imported(session, _rows(session, project.id, author_id, part, source))


def _agreed(given: list[GivenLabel], titles: dict[int, str], report: LabelReport) -> GivenLabel | None:
    """Return the one label to add; None when the labels disagree or a person has answered."""
    first = given[0]
    if len({label.label_class.id for label in given}) > 1:
        which = ", ".join(f"{_where(label)} says {label.label_class.name}" for label in given)
        for label in given:
            report.refuse(label, f"For one image {which}.")
        return None
    report.unchanged += len(given) - 1
    by_person = first.image.label_source in HUMAN_SOURCES
    if (by_person or first.accepted) and first.image.class_id == first.label_class.id:
        report.unchanged += 1
        return None
    if by_person or first.image.state in NO_LABEL:
        has = titles.get(first.image.class_id or 0, NO_LABEL.get(first.image.state, ""))
        report.conflicts.append(Conflict(first.row, first.filename, first.label_class.name, has))
        return None
    return first


def _where(label: GivenLabel) -> str:
    return f"row {label.row}" if label.row else label.filename


def _rows(
    session: Session, project_id: int, author_id: int, labels: Sequence[GivenLabel], source: AnnotationSource
) -> list[dict[str, Any]]:
    upload = uuid4().hex[:12]
    newest = labeling_queries.find_newest_round_id(session, project_id)
    said = labeling_queries.opinions(session, newest, [label.image.id for label in labels])
    return [
        {
            "project_id": project_id,
            "image_id": label.image.id,
            "author_id": author_id,
            "class_id": label.label_class.id,
            "source": source,
            "round_id": newest,
            "opinions": said.get(label.image.id, []),
            "idempotency_key": f"{upload}-{label.image.id}",
        }
        for label in labels
    ]
