"""What can be taken away: labels as CSV, images in class folders, a trained classifier.

Each is one snapshot: read in one transaction that is over before the first byte is sent, so that a slow receiver
keeps nobody waiting. The pictures' bytes are read later; they never change under their hash.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, TextIO

from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.errors import NotFoundError
from app.images.queries import bytes_of, read_rows
from app.languages import gettext as _
from app.models import Classifier, Project
from app.parts import in_parts
from app.results.in_use import find_in_use
from app.storage import BlobStore, MissingBlobError
from app.transfer import queries, tables
from app.transfer.names import Places, safe_part
from app.transfer.queries import Labelled
from app.transfer.zipping import PLAIN_FILE, stream_zip

FolderNames = Literal["class", "number"]
BLOBS_AT_ONCE = 50
COPIED_AT_ONCE = 1 << 20
WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "MODEL_CARD.md"


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """Yield a session that sees one moment, whatever others write meanwhile."""
    with database.read() as session:
        if not database.is_sqlite:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def write_labels_csv(database: Database, project_id: int, out: TextIO) -> int:
    """Write a line for every image; return how many. Our own import reads it back without a change."""
    with snapshot(database) as session:
        project = session.get_one(Project, project_id)
        labelers = queries.list_labelers(session, project_id)
        return tables.write_labels(out, [x.name for x in labelers], queries.list_rows(session, project, labelers))


def write_unclear_csv(database: Database, project_id: int, out: TextIO) -> int:
    """Write the images that wait for a person, most useful first; return how many."""
    with snapshot(database) as session:
        project = session.get_one(Project, project_id)
        labelers = queries.list_labelers(session, project_id)
        rows = queries.list_unclear(session, project, labelers)
        return tables.write_unclear(out, [x.name for x in labelers], rows)


@dataclass(frozen=True)
class FolderExport:
    """A zip of class folders, ready to be sent."""

    count: int
    """Images in it: all that have a label."""
    parts: Iterator[bytes]


def export_folders(
    database: Database, settings: Settings, project_id: int, folders: FolderNames = "class"
) -> FolderExport:
    """Return every labelled image's own bytes, in a folder named as its class or numbered from 0.

    Raise NotFoundError, before anything is sent, when a large image's file is gone from the blob folder.
    """
    with snapshot(database) as session:
        project = session.get_one(Project, project_id)
        images = queries.list_labelled(session, project_id)
        names = _folder_names(project, folders)
    store = BlobStore(settings.blobs_dir)
    _require_files(database, store, images)
    return FolderExport(len(images), stream_zip(_entries(database, store, images, names)))


def _folder_names(project: Project, folders: FolderNames) -> dict[int, str]:
    """Active classes keep their order; archived ones, which may still have images, come after them."""
    ordered = sorted(project.classes, key=lambda c: (c.archived_at is not None, c.position))
    if folders == "number":
        return {c.id: str(number) for number, c in enumerate(ordered)}
    places = Places()
    return {c.id: places.take("", c.name.replace("/", "_"), c.id)[1:] for c in ordered}


def _require_files(database: Database, store: BlobStore, images: list[Labelled]) -> None:
    with database.read() as session:
        large = queries.list_large(session, {image.sha256 for image in images})
    gone = [image for image in images if image.sha256 in large and not store.path(image.sha256).exists()]
    if gone:
        raise NotFoundError(
            f"{gone[0].name}: the file is missing from the blob folder, with {len(gone) - 1} others."
        )


def _entries(
    database: Database, store: BlobStore, images: list[Labelled], folders: dict[int, str]
) -> Iterator[tuple[str, bytes]]:
    places = Places()
    for part in in_parts(images, BLOBS_AT_ONCE):
        with database.read() as session:
            rows = read_rows(session, [image.sha256 for image in part])
        for image in part:
            path = places.take(folders[image.class_id], image.name, image.image_id)
            try:
                yield path, bytes_of(store, image.sha256, rows)
            except MissingBlobError as error:
                raise NotFoundError(f"{image.name}: {error}") from error


@dataclass(frozen=True)
class ModelExport:
    """A classifier's files, all there."""

    name: str
    folder: Path
    config: dict[str, Any]


def prepare_model(settings: Settings, classifier: Classifier) -> ModelExport:
    """Raise NotFoundError when the classifier's files are gone, or no longer the ones that were trained."""
    folder = settings.runs_dir / classifier.folder
    gone = NotFoundError(
        _("The files of %(model)s are missing from the runs folder; train it again.")
        % {"model": classifier.title}
    )
    if not (folder / WEIGHTS).is_file():
        raise gone
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        raise gone from None
    if config["sha256"] != classifier.sha256:
        raise gone
    return ModelExport(safe_part(classifier.name), folder, config)


def write_model_zip(model: ModelExport, threshold: float | None, card: str, out: IO[bytes]) -> None:
    """Write `config.json`, `model.safetensors` and the model card, in a folder of the model's name.

    The config names the threshold with which the model is in use, where it is.
    """
    config = model.config if threshold is None else {**model.config, "threshold": threshold}
    weights = model.folder / WEIGHTS
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(_part(model, CONFIG), json.dumps(config, indent=2))
        info = _part(model, WEIGHTS)
        info.file_size = weights.stat().st_size
        with weights.open("rb") as source, archive.open(info, "w") as target:
            shutil.copyfileobj(source, target, COPIED_AT_ONCE)
        archive.writestr(_part(model, CARD), card)


def _part(model: ModelExport, name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(f"{model.name}/{name}")
    info.external_attr = PLAIN_FILE
    return info


def choose_classifier(session: Session, project: Project, name: str = "") -> Classifier:
    """Return the newest bake-off's classifier of this name; without a name the one in use, or else the best.

    Raise NotFoundError where there is none.
    """
    if not name and (in_use := find_in_use(session, project.id)):
        return session.get_one(Classifier, in_use.classifier_id)
    found = queries.list_classifiers(session, project.id)
    if not found:
        raise NotFoundError(
            _("%(project)s has no classifiers yet; run a bake-off first.") % {"project": project.name}
        )
    chosen = [c for c in found if name in {"", c.name}]
    if not chosen:
        raise NotFoundError(f"There is no classifier {name}; there are {', '.join(c.name for c in found)}.")
    return chosen[0]
