"""What a finished training of the labelers left in its run folder."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.consensus import UNCLEAR, agreed_class, cross_table, joint_doubt
from ml.contract import Manifest, RunResult
from ml.rundir import MANIFEST, PREDICTIONS, RESULT


@dataclass(frozen=True)
class Finished:
    """A run folder, read."""

    manifest: Manifest
    manifest_sha256: str
    result: RunResult
    image_ids: NDArray[np.int64]
    probabilities: list[NDArray[np.float32]]
    """One `[N, K]` a labeler."""
    consensus: NDArray[np.float32]
    """`[N, K]`: what the labelers say together."""
    decided: NDArray[np.int64]
    """Class index of every accepted image, `UNCLEAR` of the others."""
    priority: NDArray[np.float32]
    """Larger: a person should see the image sooner."""


def read(folder: Path) -> Finished:
    text = (folder / MANIFEST).read_text("utf-8")
    result = RunResult.from_json((folder / RESULT).read_text("utf-8"))
    manifest = Manifest.from_json(text)
    names = [labeler.name for labeler in result.labelers or result.models]
    with np.load(folder / PREDICTIONS) as arrays:
        probabilities = [arrays[f"probs_{name}"] for name in names]
        ids = arrays["image_ids"]
        if manifest.recipe == "squint":
            consensus, priority = arrays["probability"], arrays["priority"]
            decided = np.where(arrays["accepted"], consensus.argmax(1), UNCLEAR)
        else:
            consensus = np.mean(probabilities, axis=0)
            decided, priority = agreed_class(probabilities), joint_doubt(probabilities)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Finished(manifest, digest, result, ids, probabilities, consensus, decided, priority)


def report(run: Finished) -> dict[str, Any]:
    """What the labelers page shows of a round."""
    classes, agreed = len(run.manifest.classes), run.decided
    accepted = int((agreed != UNCLEAR).sum())
    pair = run.manifest.recipe == "founding"
    return {
        "classes": run.manifest.classes,
        "class_ids": run.manifest.class_ids,
        "counts": [np.bincount(p.argmax(1), minlength=classes).tolist() for p in run.probabilities],
        "cross_table": cross_table(*run.probabilities).tolist() if pair else None,
        "agreed": accepted,
        "disagreed": len(agreed) - accepted,
        "accepted_wrong": asdict(run.result.accepted_wrong) if run.result.accepted_wrong else None,
        "all_wrong": asdict(run.result.all_wrong) if run.result.all_wrong else None,
        "accepted_by_class": np.bincount(agreed[agreed != UNCLEAR], minlength=classes).tolist(),
        "target": run.manifest.settings.get("target"),
        "splits": run.result.split_counts,
        "seconds": run.result.seconds,
        "environment": run.result.environment,
        "notes": run.result.notes,
        "manifest_sha256": run.manifest_sha256,
        "image_set": run.manifest.pack.sha256,
        "seed": run.manifest.seed,
        "frozen_at": run.manifest.frozen_at,
    }
