"""Where the images of a bake-off and their labels come from, frozen beside its manifest: slices are cut by it."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Image, ImportBatch
from ml.rundir import ORIGINS, write_text


def write_origins(session: Session, project_id: int, folder: Path) -> None:
    rows = session.execute(
        select(Image.id, Image.label_source, Image.import_id, ImportBatch.name, Image.width, Image.height)
        .outerjoin(ImportBatch, ImportBatch.id == Image.import_id)
        .where(Image.project_id == project_id)
    )
    origins = [
        {
            "image_id": row.id,
            "source": row.label_source or "none",
            "import": f"{row.name} (import {row.import_id})" if row.name else "no longer known",
            "side": max(row.width, row.height),
        }
        for row in rows
    ]
    write_text(folder / ORIGINS, json.dumps(origins))
