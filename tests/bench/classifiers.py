"""The final classifiers on the 4000 real eyes, by five folds, against each of two people and where both agree.

No label is the truth. `eer_of_second` is what the second person gets against the first: who learns from the first
alone, and is judged by the first alone, need not get below it. `from_pile`: the net begins from what the images
taught without labels, as in a project of the recipe `squint`; learning that is not in `seconds_a_model`. A model
takes some twelve minutes of one core. Nothing is measured where the eyes are not beside the checkout.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml import report
from ml.backbones import build_net
from ml.contract import Manifest, Pack, Preset, RunResult, TrainedModel
from ml.metrics import equal_error_rate
from ml.pile import learn_pile
from ml.pixels import decode, pack
from ml.rundir import MANIFEST, PREDICTIONS, RESULT, write_text
from ml.training import execute
from tests.bench.stage import tell
from tests.conftest import EYES

FOLDS = 5
MODELS = ("compact",)
CLASSES = ["closed", "open"]


def main() -> None:
    if not (EYES / "eyes4000.zip").exists():
        print("The real eyes are not beside this checkout; nothing was measured.", file=sys.stderr)
        return
    for from_pile in (False, True):
        with tempfile.TemporaryDirectory(prefix="squint-bench-") as folder:
            judge(Path(folder), from_pile=from_pile)


def judge(run: Path, *, from_pile: bool) -> None:
    names = write_pixels(run)
    first, second = (labels_of(EYES / f"annotator_{who}.csv", names) for who in "ab")
    manifest = write_run(run, first)
    with (run / "events").open("w") as events:
        report.EVENTS = events
        if from_pile:
            net = build_net("compact", 1, 24, "scratch", run, seed=0)
            learn_pile(net, manifest, np.load(run / "pixels.npy"), report.Reporter(1))
        execute(run)
    with np.load(run / PREDICTIONS) as arrays:
        scores = {name: arrays[f"probs_{name}"][:, 1] for name in MODELS}
    for model in RunResult.from_json((run / RESULT).read_text()).models:
        tell_of(model, scores[model.name], first, second)


def tell_of(
    model: TrainedModel, scores: NDArray[np.float32], first: NDArray[np.int64], second: NDArray[np.int64]
) -> None:
    both, agreed, cost = second >= 0, first == second, model.metrics["cost"]
    tell(
        "classifiers", model=model.name, from_pile=model.metrics["from_pile"], folds=FOLDS, images=len(scores),
        eer_first=percent(first, scores), eer_second=percent(second[both], scores[both]),
        eer_agreed=percent(first[agreed], scores[agreed]),
        eer_of_second=percent(first[both], second[both].astype(np.float32)),
        people_differ=round(100 * float((~agreed[both]).mean()), 2),
        seconds_a_model=round(model.seconds), images_per_s=cost["images_per_s"], latency_ms=cost["latency_ms"],
    )  # fmt: skip


def percent(labels: NDArray[np.int64], scores: NDArray[np.float32]) -> float:
    return round(100 * equal_error_rate(labels == 1, scores)[0], 2)


def write_pixels(run: Path) -> list[str]:
    """Write the pack and return the images' names in its order."""
    with zipfile.ZipFile(EYES / "eyes4000.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")]
        pictures = [decode(archive.read(name)) for name in names]
    np.save(run / "pixels.npy", pack(pictures, pictures[0].size, grey=True))
    return [Path(name).name for name in names]


def labels_of(table: Path, names: list[str]) -> NDArray[np.int64]:
    """Return each image's class index, -1 where this person gave none."""
    with table.open(newline="") as lines:
        said = {row["filename"]: CLASSES.index(row["label"]) for row in csv.DictReader(lines)}
    return np.array([said.get(name, -1) for name in names])


def write_run(run: Path, labels: NDArray[np.int64]) -> Manifest:
    count = len(labels)
    some = [str(i) for i in range(count)]
    manifest = Manifest(
        job_id="bench", kind="bakeoff", classes=CLASSES, class_ids=[1, 2], positive=1,
        pack=Pack(str(run), "0" * 64), image_ids=list(range(count)), sha256=some, groups=some,
        labels=labels.tolist(), sources=["human"] * count, models=list(MODELS), weights="scratch",
        preset=Preset.OWN, folds=FOLDS,
    )  # fmt: skip
    write_text(run / MANIFEST, manifest.to_json())
    return manifest


if __name__ == "__main__":
    main()
