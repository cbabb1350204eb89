"""The `export` job: freeze which model and which images, let the child make and check the files, name them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.images.packing import build_pack
from app.jobs.registry import JobKind, at_once
from app.models import Classifier, Job, PortableModel
from app.transfer.portables import KIND
from app.transfer.queries import get_classifier
from app.transfer.service import prepare_model
from app.version import code_version
from ml.portable import CHECKED, PORTABLE, Portable, PortablePlan
from ml.rundir import MANIFEST, write_text


def prepare(database: Database, settings: Settings, job: Job, folder: Path) -> None:
    with database.read() as session:
        model = prepare_model(settings, get_classifier(session, job.project_id, job.spec["classifier"]))
    packed = build_pack(database, settings, job.project_id)
    rows = np.linspace(0, len(packed.image_ids) - 1, min(CHECKED, len(packed.image_ids)))
    about = {"made_by": f"squint {code_version()}"}
    plan = PortablePlan(str(model.folder), packed.pack.path, np.unique(rows.astype(int)).tolist(), about)
    write_text(folder / MANIFEST, plan.to_json())


def publish(session: Session, _settings: Settings, job: Job, folder: Path) -> None:
    """Name the files as the classifier's, in place of older ones."""
    made = Portable.from_json((folder / PORTABLE).read_text("utf-8"))
    if session.get(Classifier, job.spec["classifier"]) is not None:
        session.merge(PortableModel(classifier_id=job.spec["classifier"], job_id=job.id, report=made.to_dict()))


EXPORT = JobKind(KIND, "Make a model for other programs", prepare, at_once(publish))
