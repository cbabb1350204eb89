"""What the benchmarks stand on: an installation in a temporary folder, filled in bulk."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.models import Image, ImageBlob, Pile, Project, QueueEntry, User
from app.security import open_session
from app.serve import prepare
from tests.factories import add_project, add_user, png

AT_ONCE = 10_000
PICTURES = 500
"""So many different pictures stand behind all images: the rows are what is measured."""


@contextmanager
def installation() -> Iterator[tuple[Settings, Database]]:
    with tempfile.TemporaryDirectory(prefix="squint-bench-", ignore_cleanup_errors=True) as folder:
        settings = Settings(data_dir=Path(folder), _env_file=None)  # type: ignore[call-arg]
        database = prepare(settings)
        yield settings, database
        database.close()


def project_with_images(session: Session, count: int, **fields: object) -> Project:
    """Add a project of `count` new images."""
    project = add_project(session, **fields)  # type: ignore[arg-type]
    shas = [f"{number:064x}" for number in range(count)]
    for start in range(0, count, AT_ONCE):
        part = range(start, min(start + AT_ONCE, count))
        session.execute(
            insert(ImageBlob),
            [{"sha256": shas[i], "data": png(i % PICTURES, 24), "size": 600} for i in part],
        )
        session.execute(insert(Image), [_image(project.id, shas[i], i) for i in part])
    return project


def _image(project_id: int, sha256: str, number: int) -> dict[str, Any]:
    return {
        "project_id": project_id, "sha256": sha256, "name": f"{number:07d}.png", "width": 24, "height": 24,
        "grey": True, "difference_hash": f"{number:016x}", "group_key": sha256,
    }  # fmt: skip


def queue_all(session: Session, project: Project, pile: Pile) -> list[int]:
    """Let every image of the project wait in the pile, in random order; return their ids."""
    ids = session.scalars(select(Image.id).where(Image.project_id == project.id)).all()
    ranks = np.random.default_rng(0).random(len(ids))
    for start in range(0, len(ids), AT_ONCE):
        session.execute(
            insert(QueueEntry),
            [
                {"image_id": image_id, "project_id": project.id, "pile": pile.value, "rank": float(rank)}
                for image_id, rank in zip(
                    ids[start : start + AT_ONCE], ranks[start : start + AT_ONCE], strict=True
                )
            ],
        )
    return list(ids)


def signed_in(session: Session, role: str) -> tuple[User, str]:
    """Add a person and return them with their session cookie."""
    user = add_user(session, role)
    return user, open_session(session, user, days=1)


def percentiles(seconds: Sequence[float], *wanted: int, name: str = "ms") -> dict[str, float]:
    """Return e.g. `{"ms_p50": …, "ms_p95": …}`."""
    return {f"{name}_p{p}": round(float(np.percentile(seconds, p)) * 1000, 1) for p in wanted}


def tell(bench: str, **figures: Any) -> None:
    print(json.dumps({"bench": bench, **figures}), flush=True)
