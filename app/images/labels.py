"""Takes labels that somebody made elsewhere: each row becomes an answer, or is listed with the reason why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.images.labels_csv import LabelRow, without_quote
from app.images.names import clean_name
from app.labeling import service as labeling
from app.models import AnnotationKind, AnnotationSource, Image, ImageState, LabelClass, Project, User

HUMAN_SOURCES = {source.value for source in AnnotationSource}
IMAGES_A_QUERY = 500


@dataclass(frozen=True)
class RefusedRow:
    row: int
    filename: str
    reason: str


@dataclass(frozen=True)
class Conflict:
    """A row that says something else than a person has said before; nothing was changed."""

    row: int
    filename: str
    says: str
    has: str


@dataclass
class LabelReport:
    """`received = added + unchanged + refused + conflicts`."""

    added: int = 0
    unchanged: int = 0
    """Rows that say what people have said already."""
    refused: list[RefusedRow] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def received(self) -> int:
        return self.added + self.unchanged + len(self.refused) + len(self.conflicts)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "received": self.received}


def import_labels(
    session: Session,
    *,
    project: Project,
    user: User,
    rows: Sequence[LabelRow],
    source: AnnotationSource,
    check_only: bool = False,
) -> LabelReport:
    """Add the answers of `user` that `rows` give; the whole file is checked before the first is added.

    A file name finds its image by its full name, or by its last parts where they fit one image only. Unknown
    files and classes are listed and never guessed at; a class that differs only in case is named. What people
    have answered before stays: a row that says otherwise is listed as a conflict.
    """
    report = LabelReport()
    wanted = _resolve(session, project, rows, report)
    if not check_only:
        _submit(session, user, {row.image_id: row.label_class for row in wanted}, source)
    report.added = len(wanted)
    return report


@dataclass(frozen=True)
class _Found:
    """An image as the rows may name it."""

    id: int
    name: str
    state: str
    class_id: int | None
    label_source: str | None


@dataclass(frozen=True)
class _Wanted:
    image_id: int
    label_class: LabelClass
    row: LabelRow


def _resolve(session: Session, project: Project, rows: Sequence[LabelRow], report: LabelReport) -> list[_Wanted]:
    """Return the rows that add an answer, and put the others into the report."""
    classes = {c.name: c for c in project.active_classes}
    names = _Names(session, project.id, rows)
    of_image: dict[int, list[_Wanted]] = defaultdict(list)
    images: dict[int, _Found] = {}
    for row in rows:
        try:
            label_class = _class(classes, row.label)
            image = names.find(row.filename)
        except _RefusedError as refusal:
            report.refused.append(RefusedRow(row.row, row.filename, str(refusal)))
            continue
        images[image.id] = image
        of_image[image.id].append(_Wanted(image.id, label_class, row))
    titles = {c.id: c.name for c in project.classes}
    kept = [_settle(images[i], wanted, titles, report) for i, wanted in of_image.items()]
    return [wanted for wanted in kept if wanted]


class _RefusedError(Exception):
    """Why a row cannot be used."""


def _class(classes: dict[str, LabelClass], label: str) -> LabelClass:
    found = classes.get(label) or classes.get(without_quote(label))
    if found:
        return found
    near = [name for name in classes if name.casefold() == label.strip().casefold()]
    hint = f"; the project's class is written {near[0]}" if near else ""
    raise _RefusedError(f"There is no class {label}{hint}.")


class _Names:
    """The project's images by the file names that the rows use."""

    def __init__(self, session: Session, project_id: int, rows: Iterable[LabelRow]) -> None:
        lasts = {_last(form) for row in rows for form in _forms(row.filename)}
        self._by_last: dict[str, list[_Found]] = defaultdict(list)
        columns = (Image.id, Image.name, Image.state, Image.class_id, Image.label_source)
        query = select(*columns).where(Image.project_id == project_id)
        for found in session.execute(query.execution_options(yield_per=1000)):
            if (last := _last(found.name)) in lasts:
                self._by_last[last].append(_Found(*found))

    def find(self, filename: str) -> _Found:
        for form in _forms(filename):
            candidates = self._by_last[_last(form)]
            matches = [image for image in candidates if image.name == form]
            matches = matches or [image for image in candidates if image.name.endswith(f"/{form}")]
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise _RefusedError(f"{len(matches)} images have this name; write it with its folders.")
        raise _RefusedError("There is no image of this name.")


def _forms(filename: str) -> list[str]:
    """Return the name as written, and as our export would have meant it."""
    return list(dict.fromkeys(clean_name(name) for name in (filename, without_quote(filename))))


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _settle(image: _Found, wanted: list[_Wanted], titles: dict[int, str], report: LabelReport) -> _Wanted | None:
    """Return the one answer for an image, or None when the rows disagree or a person has answered."""
    first = wanted[0]
    said = {w.label_class.id for w in wanted}
    if len(said) > 1:
        which = ", ".join(f"row {w.row.row} says {w.label_class.name}" for w in wanted)
        report.refused.extend(
            RefusedRow(w.row.row, w.row.filename, f"The rows disagree: {which}.") for w in wanted
        )
        return None
    report.unchanged += len(wanted) - 1
    by_person = image.label_source in HUMAN_SOURCES
    if by_person and image.class_id == first.label_class.id:
        report.unchanged += 1
        return None
    if by_person or image.state == ImageState.SET_ASIDE:
        has = titles.get(image.class_id or 0, "can't tell")
        report.conflicts.append(Conflict(first.row.row, first.row.filename, first.label_class.name, has))
        return None
    return first


def _submit(session: Session, user: User, wanted: dict[int, LabelClass], source: AnnotationSource) -> None:
    upload = uuid4().hex[:12]
    ids = list(wanted)
    for start in range(0, len(ids), IMAGES_A_QUERY):
        query = select(Image).where(Image.id.in_(ids[start : start + IMAGES_A_QUERY]))
        for image in session.scalars(query):
            labeling.submit_annotation(
                session,
                user=user,
                image=image,
                kind=AnnotationKind.LABEL,
                class_id=wanted[image.id].id,
                source=source,
                seconds=0.0,
                idempotency_key=f"{upload}-{image.id}",
            )
