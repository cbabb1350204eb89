"""An installation with all that one may hold, its backup, and how to put that back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.backup.listing import DATABASE
from app.cli import main
from app.config import Settings
from app.db import Database
from app.images.packing import PIXELS, build_pack
from app.models import Annotation, Image, Project, User
from app.storage import BlobStore
from ml.likeness import write_features
from ml.rundir import DONE
from tests.factories import add_images, add_project, add_round, add_user
from tests.transfer.conftest import add_bakeoff, answer

LARGE = b"a large picture" * 1000
SHA256 = hashlib.sha256(LARGE).hexdigest()


@dataclass
class Place:
    """An installation with all that one may hold."""

    settings: Settings
    database: Database

    def answer(self, row: int) -> None:
        """Somebody says something of the image in this row."""
        with self.database.write() as session:
            project = session.query(Project).one()
            image = session.query(Image).order_by(Image.id).offset(row).first()
            assert image
            answer(session, project, session.query(User).first(), image, project.classes[0], "review")


@contextmanager
def installed(data_dir: Path) -> Iterator[Place]:
    """Fill an empty database, and the folders beside it."""
    settings = Settings(data_dir=data_dir, _env_file=None)
    with closing(Database(settings.db_url)) as database:
        with database.write() as session:
            user = add_user(session, "admin", "ann@lab.local")
            project = add_project(session, "eyes", members=[user.id])
            images = add_images(session, project, 40)
            add_round(session, project, {image.id: [(project.classes[1], 0.9)] * 2 for image in images})
            project_id, image_ids = project.id, [image.id for image in images]
        add_bakeoff(database, settings, project_id, image_ids)
        for run in settings.runs_dir.iterdir():
            (run / DONE).touch()
        (settings.runs_dir / "unfinished" / "checkpoints").mkdir(parents=True)
        (settings.runs_dir / "unfinished" / "manifest.json").write_text("{}")
        BlobStore(settings.blobs_dir).put(SHA256, LARGE)
        packed = build_pack(database, settings, project_id)
        write_features(Path(packed.pack.path), read_pixels(Path(packed.pack.path)))
        yield Place(settings, database)


def read_pixels(pack: Path) -> NDArray[np.float32]:
    return np.load(pack / PIXELS).reshape(40, -1).astype(np.float32)


def restore(file: Path, target: Path) -> int:
    return main(["restore", str(file), "--data-dir", str(target)])


def answers_in(folder: Path) -> int:
    with closing(Database(f"sqlite:///{folder / DATABASE}")) as database, database.read() as session:
        return session.query(Annotation).count()
