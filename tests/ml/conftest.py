"""Tiny runs: 16-pixel pictures that a net can tell apart, with noise, groups and images nobody labelled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.contract import Manifest, Pack, RunResult
from ml.rundir import MANIFEST, PREDICTIONS, RESULT, write_text
from ml.training import execute

NET = "mobilenet_v3_small"
"""The smallest net of the registry that is trained with Adam and drops out."""
SMALL = {"epochs": 2, "input_size": 32, "batch_size": 8, "threads": 1}
MakeRun = Callable[..., Path]


def pictures(count: int, seed: int = 0, classes: int = 2) -> tuple[NDArray[np.uint8], list[int]]:
    """Class c is bright in its own band of rows."""
    random = np.random.default_rng(seed)
    labels = [i % classes for i in range(count)]
    pixels = random.integers(0, 90, (count, 16, 16, 1), dtype=np.uint8)
    for row, label in enumerate(labels):
        top = label * 16 // classes
        pixels[row, top : top + 16 // classes] += 120
    return pixels, labels


def write_run(
    parent: Path,
    kind: str = "label",
    models: tuple[str, ...] = (NET,),
    count: int = 60,
    classes: int = 2,
    **changes: Any,
) -> Path:
    """Make a run folder as the app would; in a label run, half of the images are labelled."""
    pixels, labels = pictures(count, classes=classes)
    folder = parent / f"run-{len(list(parent.iterdir()))}"
    folder.mkdir()
    np.save(folder / "pixels.npy", pixels)
    known = (
        labels
        if kind in {"bakeoff", "tune"}
        else [label if i < count // 2 else -1 for i, label in enumerate(labels)]
    )
    manifest = {
        "job_id": "job", "kind": kind, "classes": [f"class{c}" for c in range(classes)],
        "class_ids": list(range(1, classes + 1)), "positive": 1, "pack": Pack(str(folder), "0" * 64),
        "image_ids": list(range(100, 100 + count)), "sha256": ["0" * 64] * count,
        "groups": [f"face{i // (2 * classes)}" for i in range(count)], "labels": known,
        "sources": ["human" if label >= 0 else "" for label in known], "models": list(models),
        "weights": "scratch", "settings": {**SMALL, **changes.pop("settings", {})}, "code_version": "test",
    }  # fmt: skip
    write_text(folder / MANIFEST, Manifest(**{**manifest, **changes}).to_json())
    return folder


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    return partial(write_run, tmp_path)


@pytest.fixture(scope="session")
def bakeoff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bake-off of two nets; tests look at it and leave it as it is."""
    folder = write_run(tmp_path_factory.mktemp("bakeoff"), "bakeoff", (NET, "yolov8n-cls"), count=80)
    execute(folder)
    return folder


def result_of(folder: Path) -> RunResult:
    return RunResult.from_json((folder / RESULT).read_text())


def scores_of(folder: Path) -> dict[str, NDArray[Any]]:
    with np.load(folder / PREDICTIONS) as arrays:
        return dict(arrays)
