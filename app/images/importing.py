"""Takes images from a zip, a folder or uploaded files into a project.

Decoding happens in child processes and outside transactions; rows go in by short ones. Killed at any moment, an
import leaves whole rows that a second upload of the same files completes, and never doubles.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.errors import BadInputError, NotFoundError
from app.images.archive import open_zip
from app.images.children import ChildDiedError
from app.images.class_folders import class_folders_of
from app.images.decoding import DecoderPool
from app.images.grouping import update_groups
from app.images.limits import UPLOAD, Limits
from app.images.reading import Reader, ReadFile
from app.images.reports import ImportProgress, ImportReport
from app.images.sources import Source, open_folder
from app.images.writing import BYTES_A_BATCH, ROWS_A_BATCH, NewImage, insert_images, store_large
from app.models import Image, ImportBatch, Project
from app.parts import in_batches
from app.projects.grouping import pattern_problem
from app.review import service as review
from app.storage import BlobStore


def import_images(  # noqa: PLR0913  all but two are named
    database: Database,
    settings: Settings,
    *,
    project_id: int,
    user_id: int | None,
    source: Path | Source,
    name: str = "",
    group_pattern: str | None = None,
    class_folders: bool = False,
    limits: Limits = UPLOAD,
    progress: ImportProgress | None = None,
) -> ImportReport:
    """Take all images of a zip file or folder; report each file that was not simply taken.

    `group_pattern`: becomes the project's. `class_folders`: folders named as classes are answers of `user_id`.
    New images then wait for a seed answer. Raise BadInputError or TooLargeError, with nothing written, when the
    source as a whole is refused, and ImportCancelledError when `progress.cancelled` was set: what was taken until
    then stays.
    """
    began = time.monotonic()
    opened = source if isinstance(source, Source) else open_source(source, limits)
    with opened as files, DecoderPool[ReadFile](limits) as decoders:
        progress = progress or ImportProgress()
        progress.total = len(files.entries)
        with database.write() as session:
            project = _get_project(session, project_id)
            regroup = group_pattern is not None and _set_pattern(project, group_pattern)
            folders = class_folders_of(project, user_id, files.root) if class_folders else None
            report = _open_batch(session, project_id, user_id, name or "upload", files.skipped)
        store = BlobStore(settings.blobs_dir)
        reader = Reader(database, project_id, store, files, report, progress, folders)
        found = _take(reader, decoders)
    progress.stage = "grouping"
    _group(database, settings, project_id, None if regroup else found | reader.known, report)
    with database.write() as session:
        if folders and user_id is not None:
            folders.add(session, _get_project(session, project_id), user_id, report)
        report.seconds = time.monotonic() - began
        _close_batch(session, project_id, report, reader.known)
    return report


def open_source(path: Path, limits: Limits) -> Source:
    """Return a zip's or folder's files; raise BadInputError or TooLargeError when it is refused as a whole."""
    if path.is_dir():
        source: Source = open_folder(path, limits)
        source.require_pictures()
        return source
    if not path.exists():
        raise BadInputError(f"There is no file or folder {path}.")
    return open_zip(path, limits)


def _get_project(session: Session, project_id: int) -> Project:
    project = session.get(Project, project_id)
    if project is None:
        raise NotFoundError("There is no such project.")
    return project


def _set_pattern(project: Project, pattern: str) -> bool:
    """Return whether the project's groups must be made afresh."""
    if problem := pattern_problem(pattern):
        raise BadInputError(problem)
    changed = project.group_pattern != pattern
    project.group_pattern = pattern
    return changed


def _open_batch(session: Session, project_id: int, user_id: int | None, name: str, skipped: int) -> ImportReport:
    batch = ImportBatch(project_id=project_id, name=name, created_by_id=user_id)
    session.add(batch)
    session.flush()
    return ImportReport(batch.id, name, skipped=skipped)


def _close_batch(session: Session, project_id: int, report: ImportReport, known: set[int]) -> None:
    report.summarise()
    review.fill_seed(session, project_id)
    _save(session, report)
    _forget_repeated(session, report, known)


def _take(reader: Reader, decoders: DecoderPool[ReadFile]) -> set[int]:
    """Write the images that are new, and return their ids."""
    found = set[int]()
    images = _decode(reader, decoders)
    for batch in in_batches(images, lambda i: len(i.data), most=ROWS_A_BATCH, most_bytes=BYTES_A_BATCH):
        store_large(reader.store, batch)
        found |= _write(reader.database, reader.project_id, reader.report, batch)
    return found


def _decode(reader: Reader, decoders: DecoderPool[ReadFile]) -> Iterator[NewImage]:
    """Yield the images that are new and whole; note the others."""
    for answer in decoders.decode((file, file.data) for file in reader.unknown_files()):
        reader.progress.step()
        file, said = answer.key, answer.description
        if said["problem"]:
            reader.report.set_file_aside(file.name, said["problem"])
            continue
        for note in said["notes"]:
            reader.report.warn(file.name, note)
        yield NewImage(
            file.name,
            file.sha256,
            file.data,
            said["width"],
            said["height"],
            said["grey"],
            said["difference_hash"],
        )


def _write(database: Database, project_id: int, report: ImportReport, batch: list[NewImage]) -> set[int]:
    """Return the ids of the images that nobody else added meanwhile."""
    with database.write() as session:
        taken = insert_images(session, project_id, report.import_id, batch)
        report.taken += len(taken)
        report.already_there += len(batch) - len(taken)
        _save(session, report)
    return set(taken.values())


def _group(
    database: Database, settings: Settings, project_id: int, found: set[int] | None, report: ImportReport
) -> None:
    try:
        report.near_duplicates = update_groups(database, settings, project_id, found)
    except (TimeoutError, ChildDiedError):
        report.warn(report.name, "Groups were not looked for: it failed or took too long.")


def _forget_repeated(session: Session, report: ImportReport, known: set[int]) -> None:
    """The same upload once more is the import it was: nothing changed, and it gets no row of its own."""
    if report.taken or report.set_aside or report.notes or not known:
        return
    query = select(Image.import_id).where(Image.id.in_(list(known)[:ROWS_A_BATCH])).distinct()
    before = session.scalars(query).all()
    if len(before) == 1 and before[0] is not None:
        session.execute(delete(ImportBatch).where(ImportBatch.id == report.import_id))
        report.import_id = before[0]


def _save(session: Session, report: ImportReport) -> None:
    session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == report.import_id)
        .values(
            taken=report.taken,
            already_there=report.already_there,
            set_aside=report.set_aside,
            skipped=report.skipped,
            report=[asdict(note) for note in report.notes],
        )
    )
