"""`squint simulate`: files in, a curve out, in a child of its own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.cli import main

QUICK = [
    part
    for name in ("pretrain_images=100", "steps=5", "folds=2", "draws=5", "threads=1")
    for part in ("--set", name)
]


def test_it_prints_the_curve_and_nothing_else(
    eyes_zip: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    import json

    images, labels = eyes_zip
    out = tmp_path / "curve.csv"
    ended = main(
        [
            "simulate",
            "--images",
            str(images),
            "--labels",
            str(labels),
            "--answers",
            "100",
            *QUICK,
            "--csv",
            str(out),
            "--json",
        ]
    )
    said = capfd.readouterr()
    assert ended == 0, said.err
    answer = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert [row["answers"] for row in answer["curve"]] == [50, 100]
    assert answer["classes"] == ["closed", "open"]
    assert set(answer["curve"][0]) >= {
        "answers", "unclear", "accepted", "wrong_in_accepted", "wrong_in_all", "bound", "seconds",
    }  # fmt: skip
    assert answer["notes"]
    assert [row["answers"] for row in csv.DictReader(out.open())] == ["50", "100"]


def test_labels_that_fit_nothing_are_refused(
    eyes_zip: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    other = tmp_path / "other.csv"
    other.write_text("filename,label\nx.png,open\ny.png,closed\n")
    assert main(["simulate", "--images", str(eyes_zip[0]), "--labels", str(other)]) == 1
    assert "names none of these images" in capfd.readouterr().err


def test_the_childs_sentence_reaches_the_terminal(eyes_zip: tuple[Path, Path], capfd: pytest.CaptureFixture[str]):
    images, labels = map(str, eyes_zip)
    assert main(["simulate", "--images", images, "--labels", labels, "--set", "epochs=3"]) == 1
    assert "epochs is no training setting" in capfd.readouterr().err
