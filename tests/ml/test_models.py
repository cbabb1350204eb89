"""What may be loaded, and what is refused."""

from __future__ import annotations

import pickle
import tempfile
import zipfile
from pathlib import Path

import pytest
import torch

import ml.offline  # noqa: F401
from ml.backbones import build_net, get_backbone
from ml.data import Normalisation
from ml.errors import DamagedModelError, RunError
from ml.model_folder import CONFIG, WEIGHTS, ModelConfig, save_model
from ml.predict import load_model
from ml.settings import default_input_size
from ml.weights import copy_matching, yolo_state


def saved(folder: Path) -> Path:
    net = build_net("yolov8n-cls", 2, 32, "scratch", folder, seed=0)
    norm = Normalisation((0.5,) * 3, (0.2,) * 3)
    save_model(folder, net, ModelConfig("yolov8n-cls", "YOLOv8n", ["closed", "open"], 1, 2, 32, norm, ""))
    return folder


def test_a_model_comes_back_from_a_folder_and_from_a_zip(tmp_path: Path):
    folder = saved(tmp_path / "model")
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"some folder/{path.name}")
    assert load_model(folder).config == load_model(tmp_path / "model.zip").config


def test_altered_weights_are_refused(tmp_path: Path):
    folder = saved(tmp_path / "model")
    weights = folder / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(DamagedModelError, match="not the ones"):
        load_model(folder)


TRAP = Path(tempfile.gettempdir()) / "pickle-canary-sang"


class Canary:
    """Runs when unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (TRAP,))


def test_a_pickled_model_is_never_opened(tmp_path: Path):
    TRAP.unlink(missing_ok=True)
    for name in ("model.pt", "yolov8n-cls.pt"):
        (tmp_path / name).write_bytes(pickle.dumps(Canary()))
    with pytest.raises(DamagedModelError, match="not a model exported by Squint"):
        load_model(tmp_path / "model.pt")
    with pytest.raises(RunError, match="read safely"):
        yolo_state(tmp_path / "yolov8n-cls.pt")
    assert not TRAP.exists()


def test_an_ultralytics_checkpoint_gives_its_weights_without_running_code(tmp_path: Path):
    net = get_backbone("yolov8n-cls").build(1000, 32).net
    torch.save({"model": net, "ema": None, "epoch": -1}, tmp_path / "yolov8n-cls.pt")
    state = yolo_state(tmp_path / "yolov8n-cls.pt")
    small = get_backbone("yolov8n-cls").build(2, 32).net
    copy_matching(small, state)
    key = next(iter(state))
    assert torch.equal(small.state_dict()[key], state[key])


def test_weights_of_another_net_are_refused():
    with pytest.raises(RunError, match="belongs to another model"):
        copy_matching(torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(4)]), {})


def test_weights_whose_name_lies_about_their_hash_are_refused(tmp_path: Path):
    (tmp_path / "resnet18-f37072fd.pth").write_bytes(b"not these")
    with pytest.raises(RunError, match="damaged"):
        build_net("resnet18", 2, 32, "pretrained", tmp_path, seed=0)


@pytest.mark.parametrize(("side", "enlarge", "size"), [(24, 1, 32), (24, 2, 64), (300, 1, 224), (1, 1, 32)])
def test_input_sizes_are_multiples_of_32_up_to_224(side: int, enlarge: int, size: int):
    assert default_input_size(side, enlarge) == size


def test_the_config_says_all_it_takes(tmp_path: Path):
    text = (saved(tmp_path / "model") / CONFIG).read_text()
    for word in ('"classes"', '"positive"', '"input_size"', '"norm"', '"sha256"', '"format"'):
        assert word in text
