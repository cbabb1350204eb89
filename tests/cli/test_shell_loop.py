"""The whole loop from a shell, with real models on rendered eyes: small, but nothing is left out."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Squint

ROOT = Path(__file__).resolve().parents[2]
NET = "squeezenet1_1"
"""Of the nets that learn as others do, the one that is written as ONNX soonest."""
TINY = ["--set", "epochs=2", "--set", "input_size=32", "--set", "threads=2"]


def test_the_whole_loop_from_images_to_a_classifier(
    squint: Squint, eyes_project: str, eyes_zip: tuple[Path, Path], data_dir: Path, tmp_path: Path
):
    truth = dict(read(eyes_zip[1]))
    label(squint, eyes_project, truth, tmp_path)
    review(squint, eyes_project, truth, tmp_path)
    train(squint, eyes_project)
    table, model = export_files(squint, eyes_project, truth, tmp_path)
    onnx = export_for_programs(squint, eyes_project, tmp_path)

    scores = [predict(either, tmp_path) for either in (model, onnx)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    squint("use", eyes_project, NET, "--threshold", "0.9")
    assert predict(eyes_project, tmp_path, 0.9, "project", "--data-dir", data_dir) == scores[0]
    # What leaves now carries the threshold; what left before is the same but for that.
    for wanted, file in (("model", model), ("onnx", onnx)):
        said = squint("export", eyes_project, file, "--format", wanted, "--json").json
        assert said["threshold"] == 0.9
        assert predict(file, tmp_path, 0.9, "model") == pytest.approx(scores[0], abs=1e-3)
    assert said["sha256"] == hashlib.sha256(onnx.read_bytes()).hexdigest()
    assert predict(onnx, tmp_path, 0.2, "asked", "--threshold", "0.2") == scores[1]
    evaluate(onnx, tmp_path, table)


def label(squint: Squint, project: str, truth: dict[str, str], folder: Path) -> None:
    seed = write(folder / "seed.csv", list(truth.items())[:40])
    assert squint("annotate", project, seed, "--source", "seed", "--json").json["added"] == 40

    # No server runs: the command starts a worker of its own for as long as it waits.
    labelled = squint("label", project, "--wait", "--json", *TINY).json
    assert (labelled["round"], labelled["images"], labelled["seed"]) == (1, 120, 40)
    assert labelled["agreed"] + labelled["disagreed"] == 120
    assert labelled["accepted"] + labelled["unclear"] == 80
    waiting = squint("unclear", project, "--csv", folder / "unclear.csv", "--json").json
    assert waiting["images"] == labelled["unclear"]


def review(squint: Squint, project: str, truth: dict[str, str], folder: Path) -> None:
    """A person answers some in a spreadsheet, where rows left empty say nothing yet, and then the rest."""
    wanted = [name for name, _ in read(folder / "unclear.csv")]
    answers = write(folder / "answers.csv", [(n, truth[n] if i % 3 else "") for i, n in enumerate(wanted)])
    said = squint("annotate", project, answers, "--source", "review", "--json").json
    assert said["added"] == sum(1 for i in range(len(wanted)) if i % 3)
    squint("annotate", project, write(folder / "rest.csv", list(truth.items())), "--source", "review")
    assert squint("status", project, "--json").json["unclear"] == 0


def train(squint: Squint, project: str) -> None:
    squint("bakeoff", project, "--models", NET, "--wait", "--json", *TINY)
    results = squint("results", project, "--json").json
    assert [model["model"] for model in results["models"]] == [NET]
    assert NET in squint("results", project).out


def export_files(squint: Squint, project: str, truth: dict[str, str], folder: Path) -> tuple[Path, Path]:
    """Return the table of labels and the zip of the model."""
    table, folders, model = (folder / name for name in ("labels.csv", "folders.zip", "model.zip"))
    squint("export", project, table)
    assert dict(read(table)) == truth
    squint("export", project, folders, "--format", "folders")
    with zipfile.ZipFile(folders) as archive:
        assert len(archive.namelist()) == 120
        archive.extractall(folder / "folders")
    squint("export", project, model, "--format", "model")
    return table, model


def export_for_programs(squint: Squint, project: str, folder: Path) -> Path:
    onnx, pt2 = folder / "model.onnx", folder / "model.pt2"
    made = squint("export", project, onnx, "--format", "onnx", "--json").json
    assert (made["model"], made["checked"], made["difference"] < 1e-3) == (NET, 120, True)
    program = squint("export", project, pt2, "--format", "torch-export", "--json").json
    assert program["bytes"] == pt2.stat().st_size
    return onnx


def predict(
    model: Path | str, folder: Path, threshold: float = 0.6, whence: str = "usual", *more: str | Path
) -> list[float]:
    """In a process of its own: the suite's must not load torch."""
    (folder / "broken.png").write_bytes(b"no picture")
    command = [sys.executable, "-m", "app.cli", "predict", model, folder / "folders", folder / "broken.png",
               "--json", *more]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    said = json.loads(answer.stdout)
    assert said["positive"] == "open"
    assert (said["threshold"], said["threshold_is"]) == (threshold, whence)
    assert f"By threshold {threshold}, " in answer.stderr
    assert len(said["predictions"]) == 120
    assert all(0 <= row["score"] <= 1 for row in said["predictions"])
    assert [Path(row["file"]).name for row in said["unreadable"]] == ["broken.png"]
    assert str(folder / "broken.png") in answer.stderr
    assert all((row["label"] == "open") == (row["score"] >= threshold) for row in said["predictions"])
    return [row["score"] for row in said["predictions"]]


def evaluate(model: Path, folder: Path, table: Path) -> None:
    """On the pictures it was made from, less one that has no label: here only the counting is judged."""
    rows = read(table)
    labels = write(folder / "known.csv", rows[1:])
    command = [sys.executable, "-m", "app.cli", "evaluate", model, "--images", folder / "folders.zip",
               "--labels", labels, "--group-by", r"(\d+)", "--json"]  # fmt: skip
    said = json.loads(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout)
    assert (said["images"], said["unlabelled"]) == (119, 1)
    assert (said["threshold"], said["threshold_is"]) == (0.9, "model")
    assert said["groups"] <= 119
    matrix = said["confusion_matrix"]
    assert sum(map(sum, matrix)) == 119
    assert said["figures"]["accuracy"]["value"] == pytest.approx((matrix[0][0] + matrix[1][1]) / 119)
    strict = [*command[:-1], "--threshold", "1", "--json"]
    never = json.loads(subprocess.run(strict, capture_output=True, text=True, cwd=ROOT, check=True).stdout)
    assert (never["threshold"], never["confusion_matrix"][1][1]) == (1, 0)
    assert said["per_class"]["open"]["recall"]["value"] == pytest.approx(matrix[1][1] / sum(matrix[1]))
    assert said["figures"]["eer"]["low"] <= said["figures"]["eer"]["value"] <= said["figures"]["eer"]["high"]


def read(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return [(row["filename"], row["label"]) for row in csv.DictReader(text)]


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([("filename", "label"), *rows])
    return path
