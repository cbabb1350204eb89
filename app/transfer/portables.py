"""A classifier as files for other programs: asked for here, made by a job, handed out while they are whole."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.errors import ConflictError, NotFoundError
from app.jobs.queue import find_active, run_folder, submit
from app.languages import gettext as _
from app.models import Classifier, Job, PortableModel, Project
from app.results.in_use import find_threshold
from app.transfer.names import safe_part
from app.transfer.service import COPIED_AT_ONCE, prepare_model
from ml.portable import ONNX, Portable, add_threshold, saying_threshold

Format = Literal["onnx", "torch-export"]
ENDINGS: dict[Format, str] = {"onnx": ".onnx", "torch-export": ".pt2"}
KIND = "export"


@dataclass(frozen=True)
class PortableExport:
    """A file that is there and is handed out under a name."""

    name: str
    path: Path
    threshold: float | None
    """With which the classifier is in use; None: it is not."""

    def write(self, out: IO[bytes]) -> None:
        """Write the file into an empty one that can be read too.

        It says with which threshold it is in use, as that was not known when it was made.
        """
        with self.path.open("rb") as source:
            shutil.copyfileobj(source, out, COPIED_AT_ONCE)
        if self.threshold is None:
            return
        if self.path.name == ONNX:
            out.write(saying_threshold(self.threshold))
        else:
            add_threshold(out, self.threshold)


def start_export(
    session: Session, settings: Settings, project: Project, user_id: int | None, classifier: Classifier
) -> Job:
    """Queue the making of a classifier's files; asked again while it waits or runs, that job is returned.

    Raise ConflictError while another classifier's are made, NotFoundError when its own files are gone.
    """
    prepare_model(settings, classifier)
    job = submit(session, KIND, project.id, {"classifier": classifier.id}, user_id)
    if job.spec.get("classifier") != classifier.id:
        raise ConflictError(_("Another classifier’s files are being made just now; please wait until they are."))
    return job


def find_made(session: Session, settings: Settings, classifier: Classifier) -> Portable | None:
    """Return what was made of a classifier, if its files are still there."""
    row = session.get(PortableModel, classifier.id)
    return _read(settings, row) if row else None


def list_made(session: Session, settings: Settings, classifiers: Sequence[Classifier]) -> dict[int, Portable]:
    """Return what was made, by the classifier's id."""
    ids = [classifier.id for classifier in classifiers]
    rows = session.scalars(select(PortableModel).where(PortableModel.classifier_id.in_(ids)))
    return {row.classifier_id: made for row in rows if (made := _read(settings, row))}


def find_making(session: Session, project_id: int) -> int | None:
    """Return the id of the classifier whose files are being made."""
    job = find_active(session, KIND, project_id)
    return job.spec.get("classifier") if job else None


def get_file(session: Session, settings: Settings, classifier: Classifier, wanted: Format) -> PortableExport:
    """Return a file of a classifier; raise NotFoundError when it was not made yet, or is gone."""
    made = find_made(session, settings, classifier)
    if made is None:
        raise NotFoundError(
            _("%(model)s has no %(format)s file yet; the export page makes it.")
            % {"model": classifier.title, "format": wanted}
        )
    folder = run_folder(settings, session.get_one(PortableModel, classifier.id).job_id)
    file = made.onnx if wanted == "onnx" else made.program
    threshold = find_threshold(session, classifier.id)
    return PortableExport(f"{safe_part(classifier.name)}{ENDINGS[wanted]}", folder / file.name, threshold)


def _read(settings: Settings, row: PortableModel) -> Portable | None:
    made = Portable.from_dict(row.report)
    folder = run_folder(settings, row.job_id)
    whole = all(_size(folder / file.name) == file.bytes for file in (made.onnx, made.program))
    return made if whole else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1
