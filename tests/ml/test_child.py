"""`python -m ml` as a process: what it prints, how it dies, how it comes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from safetensors import SafetensorError

from ml import rundir
from ml.__main__ import main, sentence_for
from ml.events import Failure, MetricPoint, Progress, decode_event
from ml.model_folder import CONFIG
from ml.training import execute
from tests.ml.conftest import NET, MakeRun, pictures, result_of

ROOT = Path(__file__).resolve().parents[2]
FOR_EVER = {"epochs": 1_000_000}
QUIET = {key: value for key, value in os.environ.items() if not key.startswith("YOLO_")}


def run_child(folder: Path, kind: str = "label") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ml", kind, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def start_child(folder: Path, *options: str) -> subprocess.Popen[str]:
    """Return a child that has begun to train."""
    child = subprocess.Popen(
        [sys.executable, "-m", "ml", "label", str(folder), *options],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    for line in child.stdout:
        if '"epoch": 1' in line:
            return child
    return pytest.fail("it ended before it trained")


def end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


def test_the_child_speaks_only_events_on_stdout(make_run: MakeRun):
    child = run_child(make_run(models=("yolov8n-cls",)))
    events = [decode_event(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, child.stderr
    assert None not in events
    points = [e for e in events if isinstance(e, MetricPoint)]
    names = {"train_loss", "train_accuracy", "val_loss", "val_accuracy"}
    assert {(p.series, p.name, p.step) for p in points} == {("yolov8n-cls", n, s) for n in names for s in (1, 2)}
    last = [e for e in events if isinstance(e, Progress)][-1]
    assert last.done == last.total


def test_a_run_killed_in_mid_training_ends_as_an_uninterrupted_one(make_run: MakeRun):
    settings = {"epochs": 12, "checkpoint_every_s": 0.0}
    whole, killed = (make_run(settings=settings) for _ in range(2))
    execute(whole)
    child = start_child(killed)
    checkpoint = killed / rundir.CHECKPOINTS / f"{NET}.safetensors"
    while not checkpoint.exists():
        assert child.poll() is None
        time.sleep(0.005)
    end(child)
    assert not rundir.is_done(killed)
    again = run_child(killed)
    assert again.returncode == 0, again.stderr
    epochs = [e.epoch for e in map(decode_event, again.stdout.splitlines()) if isinstance(e, Progress)]
    assert 1 not in epochs, "it began anew"
    assert result_of(killed).models[0].sha256 == result_of(whole).models[0].sha256
    assert not list(killed.rglob("*.tmp")) or not rundir.is_done(killed)


def test_sigterm_ends_it_at_once(make_run: MakeRun):
    child = start_child(make_run(settings=FOR_EVER))
    child.terminate()
    child.communicate(timeout=10)
    assert child.returncode == -signal.SIGTERM


def test_it_dies_with_its_parent(make_run: MakeRun):
    child = start_child(make_run(settings=FOR_EVER), "--die-with-parent")
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(timeout=10) == 75


def test_an_unexpected_fault_is_a_sentence_and_the_traceback_is_in_the_log(make_run: MakeRun):
    folder = make_run()
    (folder / "pixels.npy").unlink()
    child = run_child(folder)
    last = decode_event(child.stdout.splitlines()[-1])
    assert child.returncode == 1
    assert last == Failure("A file of this run is missing: pixels.npy.")
    assert "Traceback" in child.stderr
    assert "Traceback" not in child.stdout


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "not enough memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), "not enough memory"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
            "not enough memory",
        ),
        (OSError(28, "No space left on device"), "disk is full"),
        (SafetensorError("I/O error: No space left on device (os error 28)"), "disk is full"),
        (KeyError("x"), "unexpected fault"),
    ],
)
def test_faults_of_the_machine_are_told_in_plain_words(error: Exception, says: str):
    assert says in sentence_for(error)


def test_a_full_disk_is_one_sentence(make_run: MakeRun):
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000));"
        f"from ml.__main__ import main; sys.exit(main(['label', {str(make_run())!r}]))"
    )
    child = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert child.returncode == 1
    last = decode_event(child.stdout.splitlines()[-1])
    assert isinstance(last, Failure)
    assert "disk is full" in last.sentence


def test_ultralytics_writes_nothing_outside_and_reaches_for_nothing_and_no_compiler_is_loaded(
    make_run: MakeRun, tmp_path: Path
):
    folder, home, work = make_run(models=("yolov8n-cls",)), tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    program = (
        "import sys, PIL.Image\n"
        "own = PIL.Image.open\n"
        "def refuse(event, args):\n"
        "    installs = event == 'subprocess.Popen' and 'pip' in str(args)\n"
        "    if installs or event in ('socket.connect', 'socket.getaddrinfo'):\n"
        "        raise RuntimeError(event)\n"
        "sys.addaudithook(refuse)\n"
        f"from ml.__main__ import main; code = main(['label', {str(folder)!r}])\n"
        "assert PIL.Image.open is own\n"
        "assert 'torch._inductor' not in sys.modules\n"
        "sys.exit(code)"
    )
    child = subprocess.run(
        [sys.executable, "-c", program], cwd=work, capture_output=True, text=True, timeout=120,
        env={**QUIET, "HOME": str(home), "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(home)},
    )  # fmt: skip
    assert child.returncode == 0, child.stdout[-500:] + child.stderr[-2000:]
    assert list(work.iterdir()) == []
    assert [path for path in home.rglob("*") if "ltralytics" in path.name] == []


def test_predict_names_what_it_cannot_read_and_answers_the_rest(
    bakeoff: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    pixels, _labels = pictures(2)
    Image.fromarray(pixels[0, :, :, 0]).save(tmp_path / "eye.png")
    Image.fromarray(pixels[1, :, :, 0]).resize((40, 30)).convert("RGB").save(tmp_path / "large.jpg")
    (tmp_path / "noise.png").write_text("no picture")
    names = ("eye.png", "noise.png", "absent.png", "large.jpg")
    model = str(bakeoff / rundir.MODELS / NET)
    assert main(["predict", model, *(str(tmp_path / name) for name in names)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["file"]).name for line in lines] == list(names)
    assert 0 <= lines[0]["score"] <= 1
    assert lines[0]["label"] in {"class0", "class1"}
    assert "not a JPEG, PNG" in lines[1]["error"]
    assert "No such file" in lines[2]["error"]
    assert main(["predict", model, str(tmp_path / "noise.png")]) == 1


def test_predict_goes_by_the_threshold_that_the_model_carries(
    bakeoff: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    Image.new("L", (16, 16)).save(tmp_path / "grey.png")
    model = shutil.copytree(bakeoff / rundir.MODELS / NET, tmp_path / "model")
    config = json.loads((model / CONFIG).read_text())
    said = []
    for threshold in (0.0, 1.0):
        (model / CONFIG).write_text(json.dumps({**config, "threshold": threshold}))
        assert main(["predict", str(model), str(tmp_path / "grey.png")]) == 0
        said.append(json.loads(capsys.readouterr().out)["label"])
    assert said == ["class1", "class0"]


def test_predict_refuses_what_is_no_model_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "model.pt").write_bytes(b"\x80\x04")
    assert main(["predict", str(tmp_path / "model.pt"), "eye.png"]) == 1
    assert "not a model exported by Squint" in capsys.readouterr().err
