"""Which rows teach, validate and judge in a run: a part is held out, or every labelled row judges in a fold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml import rundir
from ml.bakeoff import TEST_SHARE, VALIDATION_SHARE
from ml.contract import MOST_FOLDS, Manifest
from ml.data import Rows
from ml.errors import RunError
from ml.labelers.founding import HELD_OUT
from ml.splitting import check_classes, fold_rows, split_rows

NONE: Rows = np.array([], np.int64)


@dataclass(frozen=True)
class Splits:
    """Rows of the pack for one training; no group stands in two of them."""

    train: Rows
    validate: Rows
    test: Rows
    """Empty where the model is not judged: in a label run, and for the model that is kept beside folds."""

    @property
    def counts(self) -> dict[str, int]:
        return {"train": len(self.train), "val": len(self.validate), "test": len(self.test)}


def split(manifest: Manifest) -> Splits:
    """Return what the models that are kept learn from."""
    rows = labelled(manifest)
    parts = 2 if manifest.kind == "label" else max(3, manifest.folds + 2)
    check_classes(rows, manifest.labels, manifest.groups, parts, manifest.classes)
    if manifest.kind == "label":
        return Splits(*_split(manifest, rows, HELD_OUT, manifest.seed), NONE)
    if manifest.folds:
        return Splits(*_split(manifest, rows, VALIDATION_SHARE, manifest.seed + 1), NONE)
    rest, test = _split(manifest, rows, TEST_SHARE, manifest.seed)
    return Splits(*_split(manifest, rest, VALIDATION_SHARE, manifest.seed + 1), test)


def split_folds(manifest: Manifest) -> list[Splits]:
    """Return the folds of a bake-off that is judged by them: every labelled row tests in exactly one."""
    if not manifest.folds:
        return []
    if not 2 <= manifest.folds <= MOST_FOLDS:
        raise RunError(f"A bake-off has 2 to {MOST_FOLDS} folds, or none.")
    rows = labelled(manifest)
    fold = fold_rows(rows, manifest.labels, manifest.groups, manifest.folds, manifest.seed)
    return [
        Splits(*_split(manifest, rows[fold != k], VALIDATION_SHARE, manifest.seed + 1 + k), rows[fold == k])
        for k in range(manifest.folds)
    ]


def labelled(manifest: Manifest) -> Rows:
    return np.flatnonzero(np.array(manifest.labels) >= 0)


def write_splits(folder: Path, manifest: Manifest, kept: Splits, folds: list[Splits]) -> None:
    """Name every part's images, by their ids; of a fold, those that it tests."""
    ids = np.array(manifest.image_ids)
    named = {name: ids[rows].tolist() for name, rows in vars(kept).items()}
    tested = {"folds": [ids[fold.test].tolist() for fold in folds]} if folds else {}
    rundir.write_text(folder / rundir.SPLITS, json.dumps({**named, **tested}))


def _split(manifest: Manifest, rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    return split_rows(rows, manifest.labels, manifest.groups, share, seed)
