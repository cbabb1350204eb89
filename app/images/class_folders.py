"""Folders named as the project's classes, taken as labels where the person asks for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadInputError
from app.images.label_files import COLUMNS, like_named
from app.images.labels import GivenLabel, LabelledImage, LabelReport, add_labels
from app.images.names import parts_below_root
from app.images.reports import ImportReport
from app.models import AnnotationSource, Image, Project
from app.parts import in_parts


class ClassFolders:
    """Which contents lay in which class's folder; the folder is the top one, or below one extra root."""

    def __init__(self, classes: list[str], root: str) -> None:
        self._classes = set(classes)
        self._root = "" if root in self._classes else root
        self._files: dict[str, dict[str, str]] = defaultdict(dict)
        """By sha256: a class and a file that lay in its folder."""
        self._other: Counter[str] = Counter()

    def note(self, name: str, sha256: str) -> None:
        folder, *rest = parts_below_root(name, self._root)
        if rest and folder in self._classes:
            self._files[sha256][folder] = name
        elif rest:
            self._other[folder] += 1

    def add(self, session: Session, project: Project, author_id: int, report: ImportReport) -> None:
        """Give the noted images their labels, and list what was not taken as one."""
        said = LabelReport()
        add_labels(session, project, author_id, self._labels(session, project), AnnotationSource.IMPORT, said)
        report.labelled = said.added
        for refused in said.refused:
            report.warn(refused.filename, f"No label: {refused.reason}")
        for conflict in said.conflicts:
            report.warn(
                conflict.filename, f"Lies in {conflict.says}, but a person said {conflict.has}: not changed."
            )
        for folder, count in self._other.items():
            near = like_named(self._classes, folder)
            hint = f"; the class is written {near}" if near else ""
            report.warn(folder, f"No class has this folder's name{hint}: {count} images without a label.")

    def _labels(self, session: Session, project: Project) -> Iterator[GivenLabel]:
        classes = {c.name: c for c in project.active_classes}
        for part in in_parts(list(self._files)):
            query = select(Image.sha256, *COLUMNS).where(Image.project_id == project.id, Image.sha256.in_(part))
            for row in session.execute(query):
                image = LabelledImage(row.id, row.name, row.state, row.class_id, row.label_source)
                for name, file in self._files[row.sha256].items():
                    yield GivenLabel(image, classes[name], file)


def class_folders_of(project: Project, author_id: int | None, root: str) -> ClassFolders:
    """Raise BadInputError when there is nobody whose answers the labels would be."""
    if author_id is None:
        raise BadInputError("Labels from class folders need an author.")
    return ClassFolders([c.name for c in project.active_classes], root)
