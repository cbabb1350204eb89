"""Tiny runs: 16-pixel pictures that a net can tell apart, with noise, groups and images nobody labelled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.contract import Manifest, Pack
from ml.rundir import MANIFEST, write_text

SMALL = {"epochs": 2, "input_size": 32, "batch_size": 8, "checkpoint_every_s": 0.0, "threads": 1}
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


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    def make(
        kind: str = "label",
        models: tuple[str, ...] = ("resnet18",),
        count: int = 60,
        classes: int = 2,
        **changes: Any,
    ) -> Path:
        pixels, labels = pictures(count, classes=classes)
        folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        np.save(folder / "pixels.npy", pixels)
        known = (
            labels if kind == "bakeoff" else [label if i < count // 2 else -1 for i, label in enumerate(labels)]
        )
        settings = {**SMALL, **changes.pop("settings", {})}
        manifest = Manifest(
            **{
                "job_id": "job", "kind": kind, "classes": [f"class{c}" for c in range(classes)],
                "class_ids": list(range(1, classes + 1)), "positive": 1, "pack": Pack(str(folder), "0" * 64),
                "image_ids": list(range(100, 100 + count)), "sha256": ["0" * 64] * count,
                "groups": [f"face{i // (2 * classes)}" for i in range(count)], "labels": known,
                "sources": ["human" if label >= 0 else "" for label in known], "models": list(models),
                "weights": "scratch", "settings": settings, "code_version": "test", **changes,
            }
        )  # fmt: skip
        write_text(folder / MANIFEST, manifest.to_json())
        return folder

    return make
