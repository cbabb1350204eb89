"""From the rows of a labels file to the images and classes that they mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cells import without_quote
from app.images.labels import GivenLabel, LabelledImage, LabelReport, RefusedRow, add_labels
from app.images.labels_csv import LabelRow
from app.images.names import clean_name
from app.languages import gettext as _
from app.models import AnnotationSource, Image, LabelClass, Project, User

COLUMNS = (Image.id, Image.name, Image.state, Image.class_id, Image.label_source)


class _RefusedError(Exception):
    """Why a row cannot be used."""


def import_labels(
    session: Session,
    *,
    project: Project,
    user: User,
    rows: Sequence[LabelRow],
    source: AnnotationSource,
    drawn: Collection[int] | None = None,
    replace: bool = False,
) -> LabelReport:
    """Add the answers of `user` that `rows` give; the whole file is checked before the first is added.

    A file name finds its image by its full name, or by its last parts where they fit one image only. Unknown
    files and classes are listed and never guessed at; a class that differs only in case is named. What people
    have answered before stays, and a row that says otherwise is listed as a conflict; with `replace` it becomes
    the last word, and `labeling.service.take_back_upload` undoes that. `drawn`: the images of an audit's sample,
    which alone may be answered for it.
    """
    report = LabelReport()
    labels = list(_of_sample(_resolve(session, project, rows, report), drawn, report))
    add_labels(session, project, user.id, labels, source, report, replace=replace)
    return report


def _resolve(
    session: Session, project: Project, rows: Sequence[LabelRow], report: LabelReport
) -> Iterator[GivenLabel]:
    classes = {c.name: c for c in project.active_classes}
    names = _Names(session, project.id, rows)
    for row in rows:
        try:
            label_class = _find_class(classes, row.label)
            yield GivenLabel(names.find(row.filename), label_class, row.filename, row.row, row.accepted)
        except _RefusedError as refusal:
            report.refused.append(RefusedRow(row.row, row.filename, str(refusal)))


def _of_sample(
    labels: Iterable[GivenLabel], drawn: Collection[int] | None, report: LabelReport
) -> Iterator[GivenLabel]:
    for label in labels:
        if drawn is None or label.image.id in drawn:
            yield label
        else:
            report.refuse(label, _("This image is not in the audit’s sample."))


def _find_class(classes: Mapping[str, LabelClass], label: str) -> LabelClass:
    found = classes.get(label) or classes.get(without_quote(label))
    if found:
        return found
    hint = like_named(classes, label)
    if hint:
        sentence = _("There is no class %(label)s; the class here is written %(hint)s.")
        raise _RefusedError(sentence % {"label": label, "hint": hint})
    raise _RefusedError(_("There is no class %(label)s.") % {"label": label})


def like_named(names: Iterable[str], label: str) -> str | None:
    """Return the name that differs from `label` only in case or outer spaces."""
    return next((name for name in names if name.casefold() == label.strip().casefold()), None)


class _Names:
    """The project's images by the file names that the rows use."""

    def __init__(self, session: Session, project_id: int, rows: Iterable[LabelRow]) -> None:
        lasts = {_last(form) for row in rows for form in _forms(row.filename)}
        self._by_last: dict[str, list[LabelledImage]] = defaultdict(list)
        query = select(*COLUMNS).where(Image.project_id == project_id)
        for found in session.execute(query.execution_options(yield_per=1000)):
            if (last := _last(found.name)) in lasts:
                self._by_last[last].append(LabelledImage(*found))

    def find(self, filename: str) -> LabelledImage:
        for form in _forms(filename):
            candidates = self._by_last.get(_last(form), [])
            matches = [image for image in candidates if image.name == form]
            matches = matches or [image for image in candidates if image.name.endswith(f"/{form}")]
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise _RefusedError(
                    _("%(number)s images have this name; write it with its folders.") % {"number": len(matches)}
                )
        raise _RefusedError(_("There is no image of this name."))


def _forms(filename: str) -> list[str]:
    """Return the name as our own export would have meant it, and as written."""
    return list(dict.fromkeys(clean_name(name) for name in (without_quote(filename), filename)))


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]
