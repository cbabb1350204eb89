"""A run from its manifest to its result, with tiny real nets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ml import engine, rundir
from ml.__main__ import main
from ml.contract import Failure, MetricPoint, Progress, RunResult, decode_event
from ml.errors import NotFiniteError, RunError
from ml.predict import load_model
from ml.training import execute
from tests.ml.conftest import MakeRun, pictures

ROOT = Path(__file__).resolve().parents[2]


def result_of(folder: Path) -> RunResult:
    return RunResult.from_json((folder / rundir.RESULT).read_text())


def run_child(folder: Path, kind: str = "label") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ml", kind, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_two_labelers_of_different_families_score_every_image(make_run: MakeRun):
    folder = make_run(models=("resnet18", "yolov8n-cls"), settings={"epochs": 4})
    execute(folder)
    with np.load(folder / rundir.PREDICTIONS) as arrays:
        assert arrays["image_ids"].tolist() == list(range(100, 160))
        for name in ("resnet18", "yolov8n-cls"):
            assert arrays[f"probs_{name}"].shape == (60, 2)
            assert np.allclose(arrays[f"probs_{name}"].sum(1), 1, atol=1e-5)
    assert rundir.is_done(folder)
    assert [model.weights for model in result_of(folder).models] == ["scratch", "scratch"]


def test_a_run_only_ever_splits_whole_groups_and_the_test_part_trains_nobody(make_run: MakeRun):
    folder = make_run("bakeoff", count=80)
    execute(folder)
    splits = json.loads((folder / rundir.SPLITS).read_text())
    faces = {part: {(i - 100) // 4 for i in ids} for part, ids in splits.items()}
    assert not faces["train"] & faces["test"]
    assert not faces["validate"] & (faces["test"] | faces["train"])
    with np.load(folder / rundir.PREDICTIONS) as arrays:
        assert sorted(arrays["image_ids"].tolist()) == sorted(splits["test"])


def test_a_bake_off_reports_figures_with_intervals(make_run: MakeRun):
    folder = make_run("bakeoff", count=80, settings={"epochs": 3})
    execute(folder)
    figures = result_of(folder).models[0].metrics["figures"]
    assert set(figures) >= {"precision", "recall", "f1", "accuracy", "eer", "auc", "eer_threshold"}
    assert figures["accuracy"]["low"] <= figures["accuracy"]["value"] <= figures["accuracy"]["high"]


def test_three_classes_train_with_cross_entropy(make_run: MakeRun):
    folder = make_run("bakeoff", count=90, classes=3)
    execute(folder)
    with np.load(folder / rundir.PREDICTIONS) as arrays:
        assert arrays["probs_resnet18"].shape[1] == 3


def test_the_child_speaks_only_events_on_stdout(make_run: MakeRun):
    child = run_child(make_run(models=("yolov8n-cls",)))
    events = [decode_event(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, child.stderr
    assert None not in events
    points = [e for e in events if isinstance(e, MetricPoint)]
    assert {(p.name, p.step) for p in points} >= {("train_loss", 1), ("val_accuracy", 2)}
    last = [e for e in events if isinstance(e, Progress)][-1]
    assert last.done == last.total


def test_a_run_killed_in_mid_training_ends_as_an_uninterrupted_one(make_run: MakeRun):
    whole, killed = (make_run(settings={"epochs": 8}) for _ in range(2))
    execute(whole)
    child = subprocess.Popen([sys.executable, "-m", "ml", "label", str(killed)], cwd=ROOT, stdout=subprocess.PIPE)
    checkpoint = killed / rundir.CHECKPOINTS / "resnet18.safetensors"
    while not checkpoint.exists():
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not rundir.is_done(killed)
    again = run_child(killed)
    first_epochs = [e.epoch for e in map(decode_event, again.stdout.splitlines()) if isinstance(e, Progress)]
    assert 1 not in first_epochs, "it began anew"
    assert result_of(killed).models[0].sha256 == result_of(whole).models[0].sha256


def test_what_is_finished_is_not_trained_again(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch):
    folder = make_run()
    execute(folder)
    (folder / rundir.DONE).unlink()
    monkeypatch.setattr("ml.training.fit", lambda *_: pytest.fail("trained again"))
    execute(folder)
    assert rundir.is_done(folder)


def test_a_damaged_checkpoint_counts_as_none(make_run: MakeRun):
    folder = make_run()
    checkpoint = folder / rundir.CHECKPOINTS / "resnet18.safetensors"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"\0" * 1000)
    execute(folder)
    assert rundir.is_done(folder)


def test_numbers_that_are_not_finite_are_never_kept(make_run: MakeRun):
    folder = make_run(settings={"learning_rate": 1e30})
    with pytest.raises(NotFiniteError, match="finite numbers"):
        execute(folder)
    assert not (folder / rundir.MODELS / "resnet18").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"labels": [-1] * 60}, "at least two classes"),
        ({"labels": [0] * 60}, "at least two classes"),
        ({"settings": {"epoch": 3}}, "epoch is no training setting"),
        ({"models": ["resnet19"]}, "no model named resnet19"),
        (
            {"weights": "pretrained"},
            "put resnet18-f37072fd.pth into .*/weights, or let the project train from scratch",
        ),
        ({"image_ids": [1]}, "do not fit"),
    ],
)
def test_what_cannot_be_run_ends_in_one_sentence(
    make_run: MakeRun, changes: dict[str, object], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    folder = make_run(**{"weights_dir": str(tmp_path / "weights"), **changes})
    with pytest.raises(RunError, match=says):
        execute(folder)


def test_an_unexpected_fault_is_a_sentence_and_the_traceback_is_in_the_log(make_run: MakeRun):
    folder = make_run()
    (folder / "pixels.npy").unlink()
    child = run_child(folder)
    last = decode_event(child.stdout.splitlines()[-1])
    assert child.returncode == 1
    assert isinstance(last, Failure)
    assert "missing: pixels.npy" in last.sentence
    assert "Traceback" in child.stderr
    assert "Traceback" not in child.stdout


def test_the_child_dies_with_its_parent(make_run: MakeRun):
    folder = make_run(settings={"epochs": 500})
    reading, writing = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", "ml", "label", str(folder), "--die-with-parent"],
        cwd=ROOT, stdin=reading, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(reading)
    os.close(writing)
    assert child.wait(timeout=5) == 75


def test_ultralytics_writes_nothing_outside_and_reaches_for_nothing(make_run: MakeRun, tmp_path: Path):
    folder, home, work = make_run(models=("yolov8n-cls",)), tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    program = (
        "import sys, socket\n"
        "def refuse(event, args):\n"
        "    installs = event == 'subprocess.Popen' and 'pip' in str(args)\n"
        "    if installs or event in ('socket.connect', 'socket.getaddrinfo'):\n"
        "        raise RuntimeError(event)\n"
        "sys.addaudithook(refuse)\n"
        f"from ml.__main__ import main; sys.exit(main(['label', {str(folder)!r}]))"
    )
    child = subprocess.run(
        [sys.executable, "-c", program], cwd=work, capture_output=True, text=True, timeout=120,
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(home)},
    )  # fmt: skip
    assert child.returncode == 0, child.stdout[-500:] + child.stderr[-2000:]
    assert list(work.iterdir()) == []
    assert [path for path in home.rglob("*") if "ltralytics" in path.name] == []


def test_a_trained_model_answers_like_the_run_that_trained_it(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
):
    from PIL import Image

    folder = make_run(settings={"epochs": 4})
    execute(folder)
    pixels, _labels = pictures(60)
    model = load_model(folder / rundir.MODELS / "resnet18")
    scores = model.score([Image.fromarray(pixels[i, :, :, 0]) for i in range(10)])
    with np.load(folder / rundir.PREDICTIONS) as arrays:
        assert np.allclose(scores, arrays["probs_resnet18"][:10, 1], atol=1e-4)
    Image.fromarray(pixels[0, :, :, 0]).save(folder / "eye.png")
    (folder / "noise.png").write_text("no picture")
    assert (
        main(
            [
                "predict",
                str(folder / rundir.MODELS / "resnet18"),
                str(folder / "eye.png"),
                str(folder / "noise.png"),
            ]
        )
        == 0
    )
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["score"] == pytest.approx(scores[0], abs=1e-4)
    assert "This is not a" in lines[1]["error"]


def test_the_rate_climbs_then_falls():
    from ml.labelers.founding import YOLO

    rates = [engine.rate_at(YOLO, epoch) for epoch in (1, 5, 30)]
    assert rates[0] < rates[1]
    assert rates[2] == pytest.approx(0.005 * 0.01)
