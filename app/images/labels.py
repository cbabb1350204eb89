"""Labels that came with the images or in a file: each becomes an answer, or is listed with the reason why not."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from app.labeling import queries as labeling_queries
from app.labeling import service as labeling
from app.languages import gettext as _
from app.models import AnnotationSource, ImageState, LabelClass, Project
from app.parts import in_parts

HUMAN_SOURCES = {source.value for source in AnnotationSource}
ROWS_AT_ONCE = 500
UPLOAD_LETTERS = 12


@dataclass(frozen=True)
class RefusedRow:
    row: int
    """0: not from a file of labels."""
    filename: str
    reason: str


@dataclass(frozen=True)
class Conflict:
    """A label that says something else than a person has said before; it was listed only, or stands now."""

    row: int
    filename: str
    says: str
    has: str


@dataclass
class LabelReport:
    """`received = added + unchanged + refused + conflicts + replaced`."""

    upload: str = field(default_factory=lambda: uuid4().hex[:UPLOAD_LETTERS])
    """Names what was added, so that all of it can be taken back together."""
    added: int = 0
    unchanged: int = 0
    """Rows that say what is known already."""
    refused: list[RefusedRow] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    """What people said otherwise, and stays."""
    replaced: list[Conflict] = field(default_factory=list)
    """What people had said otherwise, where the file was to have the last word."""

    @property
    def received(self) -> int:
        listed = len(self.refused) + len(self.conflicts) + len(self.replaced)
        return self.added + self.unchanged + listed

    @property
    def changed(self) -> int:
        return self.added + len(self.replaced)

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
    """Given without a person's look, by our own export."""
    decides: bool = False
    """Has the last word over what people said."""


def add_labels(
    session: Session,
    project: Project,
    author_id: int,
    labels: Iterable[GivenLabel],
    source: AnnotationSource,
    report: LabelReport,
    *,
    replace: bool = False,
) -> None:
    """Add one answer of `author_id` for each image whose labels agree and which no person has answered.

    `replace`: where people said otherwise, the label becomes the last word, by a row of its own.
    """
    of_image: dict[int, list[GivenLabel]] = defaultdict(list)
    for label in labels:
        of_image[label.image.id].append(label)
    titles = {c.id: c.name for c in project.classes}
    agreed = (_agreed(given, titles, report, replace=replace) for given in of_image.values())
    wanted = [label for label in agreed if label]
    report.added += sum(not label.decides for label in wanted)
    for part in in_parts(wanted, ROWS_AT_ONCE):
        labeling.add_imported(session, _rows(session, project.id, author_id, part, source, report.upload))


def _agreed(
    given: list[GivenLabel], titles: dict[int, str], report: LabelReport, *, replace: bool
) -> GivenLabel | None:
    """Return the one label to add; None when the labels disagree, or a person has answered and that stays."""
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
    no_label: dict[str, str] = {ImageState.SET_ASIDE: _("can’t tell"), ImageState.DISPUTED: _("people differ")}
    if by_person or first.image.state in no_label:
        has = titles.get(first.image.class_id or 0, no_label.get(first.image.state, ""))
        told = Conflict(first.row, first.filename, first.label_class.name, has)
        (report.replaced if replace else report.conflicts).append(told)
        return dataclasses.replace(first, decides=True) if replace else None
    return first


def _where(label: GivenLabel) -> str:
    return f"row {label.row}" if label.row else label.filename


def _rows(
    session: Session,
    project_id: int,
    author_id: int,
    labels: Sequence[GivenLabel],
    source: AnnotationSource,
    upload: str,
) -> list[dict[str, Any]]:
    newest = labeling_queries.find_newest_round_id(session, project_id)
    said = labeling_queries.opinions(session, newest, [label.image.id for label in labels])
    return [
        {
            "project_id": project_id,
            "image_id": label.image.id,
            "author_id": author_id,
            "class_id": label.label_class.id,
            "source": AnnotationSource.ADJUDICATION if label.decides else source,
            "round_id": newest,
            "opinions": said.get(label.image.id, []),
            "idempotency_key": f"{upload}-{label.image.id}",
        }
        for label in labels
    ]
