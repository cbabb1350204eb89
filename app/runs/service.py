"""From a project to a run's frozen input, the same for labelers and classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.config import Settings
from app.db import Database
from app.errors import BadInputError
from app.images.packing import build_pack
from app.labeling.queries import Label, current_labels, list_audited, list_drawn_by_lot
from app.models import Job, Project, Recipe, now
from app.version import code_version
from ml.contract import LabelSource, Manifest, Preset, RunKind, TrainedModel
from ml.contract import Recipe as RecipeName
from ml.rundir import MANIFEST, write_text

JUDGING: tuple[RunKind, ...] = ("bakeoff", "tune")
"""Kinds that learn from accepted labels too, whatever the recipe."""


def write_manifest(database: Database, settings: Settings, job: Job, folder: Path, kind: RunKind) -> None:
    """Freeze images, labels and settings as they are now. `job.spec` names the models and any overrides."""
    packed, frozen_at = build_pack(database, settings, job.project_id), now()
    with database.read() as session:
        project = session.get(Project, job.project_id)
        if project is None:
            raise BadInputError("The project is gone.")
        classes = project.active_classes
        labels = current_labels(session, project.id, accepted=kind in JUDGING)
        drawn, audited = list_drawn_by_lot(session, project.id), list_audited(session, project.id)
        positive, from_scratch = classes.index(project.positive_class), project.from_scratch
        recipe: RecipeName = "squint" if project.recipe == Recipe.SQUINT and kind not in JUDGING else "founding"
        own = {"target": project.target} if recipe == "squint" and kind == "label" else {}
    rows = _rows([labels.get(i) for i in packed.image_ids], [c.id for c in classes])
    manifest = Manifest(
        job_id=job.id,
        kind=kind,
        classes=[c.name for c in classes],
        class_ids=[c.id for c in classes],
        positive=positive,
        pack=packed.pack,
        image_ids=packed.image_ids,
        sha256=packed.sha256,
        groups=packed.groups,
        labels=[label for label, _source in rows],
        sources=[source for _label, source in rows],
        models=job.spec["models"],
        weights="scratch" if from_scratch else "pretrained",
        weights_dir=str(settings.weights_path),
        seed=job.spec.get("seed", 0),
        settings={**own, **_overrides(job.spec, settings)},
        tuned=job.spec.get("tuned", {}),
        minutes=job.spec.get("minutes", 0.0),
        folds=job.spec.get("folds", 0),
        preset=Preset(job.spec.get("preset", Preset.REPORT)),
        recipe=recipe,
        at_random=[i in drawn for i in packed.image_ids],
        audited=[i in audited for i in packed.image_ids],
        frozen_at=frozen_at.isoformat(),
        code_version=code_version(),
    )
    write_text(folder / MANIFEST, manifest.to_json())


def columns_of(model: TrainedModel, job: Job) -> dict[str, Any]:
    """Return what a row keeps of a trained model, whatever its role."""
    kept = ("name", "title", "weights", "parameters", "seconds", "sha256")
    return {**{name: getattr(model, name) for name in kept}, "folder": f"{job.id}/{model.folder}"}


def _rows(labels: Sequence[Label | None], class_ids: Sequence[int]) -> list[tuple[int, LabelSource]]:
    """An archived class counts as no label: the models are not to learn it any more."""
    index = {class_id: i for i, class_id in enumerate(class_ids)}
    return [
        (index[label.class_id], "human" if label.by_person else "accepted")
        if label and label.class_id in index
        else (-1, "")
        for label in labels
    ]


def _overrides(spec: dict[str, Any], settings: Settings) -> dict[str, Any]:
    threads = {"threads": settings.train_threads} if settings.train_threads else {}
    return {**threads, **spec.get("settings", {})}
