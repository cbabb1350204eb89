"""A model that trains on the same cores while something else is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from app.jobs.child import NICENESS
from ml.contract import Manifest, Pack
from ml.events import Progress, decode_event
from ml.rundir import MANIFEST
from tests.e2e.screens import ROOT

IMAGES = 400


@contextmanager
def training(folder: Path, *, wanted: bool) -> Iterator[None]:
    """Train ResNet50 in a process as the worker starts it, from its first epoch to the end of the block."""
    if not wanted:
        yield
        return
    run = folder / "bench-run"
    run.mkdir()
    np.save(run / "pixels.npy", np.random.default_rng(0).integers(0, 256, (IMAGES, 24, 24, 1), np.uint8))
    some = [str(i) for i in range(IMAGES)]
    manifest = Manifest(
        job_id="bench", kind="label", classes=["a", "b"], class_ids=[1, 2], positive=1,
        pack=Pack(str(run), "0" * 64), image_ids=list(range(IMAGES)), sha256=some, groups=some,
        labels=[i % 2 for i in range(IMAGES)], sources=["human"] * IMAGES, models=["resnet50"],
        weights="scratch", settings={"epochs": 1000},
    )  # fmt: skip
    (run / MANIFEST).write_text(json.dumps(asdict(manifest)))
    child = subprocess.Popen(
        [sys.executable, "-m", "ml", "label", str(run)], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    os.setpriority(os.PRIO_PGRP, child.pid, NICENESS)
    assert child.stdout is not None
    for line in child.stdout:
        event = decode_event(line)
        if isinstance(event, Progress) and event.epoch:
            break
    try:
        yield
        assert child.poll() is None, "the training ended before the measurement"
    finally:
        child.kill()
        child.wait()
