"""`squint simulate`: files in, curves out, each from a child of its own."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.cli import main
from app.config import REPOSITORY
from app.images.rendered import write_eyes_zip
from app.simulation import _table

QUICK = [
    part
    for name in ("pretrain_images=100", "steps=5", "folds=2", "draws=5", "threads=1")
    for part in ("--set", name)
]
FIELDS = {"answers", "unclear", "accepted", "wrong_in_accepted", "wrong_in_all", "bound", "seconds"}


def test_one_object_with_tables_a_plot_a_csv_and_an_audit(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    out, plot = tmp_path / "curves.csv", tmp_path / "curves.svg"
    options = ["--images", "rendered:130", "--answers", "100", "--seeds", "3", "--audit", "10", *QUICK]
    settings = ["--set", "target=0.4", "--csv", str(out), "--plot", str(plot), "--json"]
    ended = main(["simulate", *options, *settings])
    said = capfd.readouterr()
    assert ended == 0, said.err
    answer = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert [row["answers"] for row in answer["curve"]] == [50, 100]
    assert (answer["classes"], answer["seeds"]) == (["closed", "open"], [3])
    for run in answer["runs"]:
        for row in run["curve"]:
            assert set(row) >= FIELDS
            assert row["answers"] + row["unclear"] + row["accepted"] == 130
            assert 0 <= row["low_all"] <= row["estimate_all"] <= row["high_all"] <= 1
    low, high = answer["tables"]["squint"]["spread"][1]["wrong_in_all"]
    assert low <= answer["curve"][1]["wrong_in_all"] <= high
    audit = answer["audit"]
    assert audit["holds"] == (audit["bound"] >= audit["wrong_share_by_the_person"])
    assert audit["statement"].endswith("(95 %).")
    assert audit["after"]["answers"] == 100 + audit["size"]
    assert audit["after"]["low_all"] <= audit["after"]["estimate_all"] <= audit["after"]["high_all"]
    rows = list(csv.DictReader(out.open()))
    assert [(row["recipe"], row["seed"], row["answers"]) for row in rows] == [
        ("squint", "3", "50"), ("squint", "3", "100"),
    ]  # fmt: skip
    assert "<svg" in plot.read_text()[:400]


def test_both_recipes_stand_in_one_table(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The founding recipe's nets are too slow for here: what its child would write is written instead."""
    from app import simulation

    def child(folder: Path, _show: object) -> None:
        plan = json.loads((folder / "simulation.json").read_text())
        squint = plan["recipe"] == "squint"
        curve = [
            dict.fromkeys(FIELDS, 0) | {"answers": 100, "wrong_in_all": 0.03 if squint else 0.1, "bound": 1.0}
        ]
        done = {"recipe": plan["recipe"], "images": 130, "classes": plan["classes"], "seed": plan["seed"],
                "curve": curve, "accepted": [], "guess": [], "notes": ["A note."]}  # fmt: skip
        (folder / "curve.json").write_text(json.dumps(done))

    monkeypatch.setattr(simulation, "_run_child", child)
    plot = tmp_path / "curves.png"
    assert main(["simulate", "--images", "rendered:130", "--recipe", "squint,founding", "--audit", "5"]) == 0
    said = capfd.readouterr().out
    assert said.index("squint") < said.index("3.00%") < said.index("founding") < said.index("10.00%")
    assert "Nothing was accepted" in said
    assert main(["simulate", "--images", "rendered:130", "--recipe", "squint,founding", "--plot", str(plot)]) == 0
    assert "10.00%" in capfd.readouterr().out
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_table_holds_the_mean_and_the_spread():
    one, two = (
        [{"answers": 50, "bound": 0.1, "estimate": None}],
        [{"answers": 50, "bound": 0.3, "estimate": None}],
    )
    table = _table([one, two])
    assert table["curve"] == [{"answers": 50, "bound": 0.2, "estimate": None}]
    assert table["spread"] == [{"answers": 50, "bound": [0.1, 0.3]}]


def refusal(capfd: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["simulate", *options]) == 1
    said = capfd.readouterr()
    assert said.out == ""
    sentence = said.err.strip().splitlines()[-1]
    assert sentence.endswith((".", "?"))
    assert "Traceback" not in said.err
    return sentence


def test_labels_that_fit_nothing_are_refused(
    eyes_zip: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    other = tmp_path / "other.csv"
    other.write_text("filename,label\nx.png,open\ny.png,closed\n")
    assert "names none of these images" in refusal(capfd, "--images", str(eyes_zip[0]), "--labels", str(other))


def test_the_childs_sentence_reaches_the_terminal(eyes_zip: tuple[Path, Path], capfd: pytest.CaptureFixture[str]):
    images, labels = map(str, eyes_zip)
    said = refusal(capfd, "--images", images, "--labels", labels, "--set", "epochs=3")
    assert "epochs is no training setting" in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--images", "rendered", "--recipe", "best"], "--recipe takes squint or founding"),
        (["--images", "rendered", "--seeds", "1,x"], "--seeds takes whole numbers"),
        (["--images", "rendered", "--plot", "curve.pdf"], "--plot writes a png or an svg"),
        (["--images", "rendered", "--group-by", "("], "--group-by: This is not a regular expression"),
        (["--images", "no-such.zip", "--labels", "no-such.csv"], "no-such.zip"),
        (["--images", "rendered", "--answers", "20"], "--answers"),
        (["--images", "rendered", "--labels", "no-such.csv"], "no-such.csv"),
    ],
)
def test_what_cannot_be_replayed_is_said_before_any_work(
    options: list[str], says: str, capfd: pytest.CaptureFixture[str]
):
    assert says in refusal(capfd, *options)


def test_images_without_labels_are_no_project(eyes_zip: tuple[Path, Path], capfd: pytest.CaptureFixture[str]):
    assert "--labels is missing" in refusal(capfd, "--images", str(eyes_zip[0]))


def test_one_class_and_too_few_images_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    names = [name for name, _label in write_eyes_zip(tmp_path / "eyes.zip", 20, 5, tmp_path / "labels.csv")]
    few = refusal(capfd, "--images", str(tmp_path / "eyes.zip"), "--labels", str(tmp_path / "labels.csv"))
    assert few == "A replay begins with 30 answers drawn by lot; the labels answer for 20 images."
    (tmp_path / "one.csv").write_text("filename,label\n" + "".join(f"{name},open\n" for name in names))
    one = refusal(capfd, "--images", str(tmp_path / "eyes.zip"), "--labels", str(tmp_path / "one.csv"))
    assert "only one class" in one


def test_who_stops_it_from_the_keyboard_leaves_no_child(tmp_path: Path):
    # Where the suite runs in a shell's background, children would ignore the keyboard's signal.
    python = ["env", "--default-signal=INT", sys.executable]
    command = [*python, "-m", "app.cli", "simulate", "--images", "rendered:130", "--work", str(tmp_path)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (children := learning(child_ids(process.pid))):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(30) != 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def learning(children: list[int]) -> list[int]:
    """Those of them that are more than a copy of their parent by now."""
    return [pid for pid in children if b"die-with-parent" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def child_ids(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []
