"""ResNet50 and YOLOv8 in the recipe `squint`: they join where their weights are at hand, and prove themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml import rundir, weights
from ml.backbones import empty_net, get_backbone
from ml.data import Images
from ml.errors import RunError
from ml.imagenet import Seen, seen_by_pair
from ml.rounds import execute_round
from ml.training import read_manifest
from tests.ml.conftest import MakeRun, pictures, result_of, scores_of

RESNET = "resnet50-11ad3fa6.pth"
YOLO = "yolov8n-cls.pt"


def put_yolo(folder: Path, seed: int = 1) -> None:
    """Write weights as ultralytics does, of a net that has seen noise, so that its features differ."""
    folder.mkdir(exist_ok=True)
    torch.manual_seed(seed)
    net = get_backbone("yolov8n-cls").build(1000, 64).net.train()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    net(torch.rand(16, 3, 64, 64))
    torch.save({"model": net, "ema": None, "epoch": -1}, folder / YOLO)


def seen(folder: Path, pixels: np.ndarray) -> list[Seen]:
    return seen_by_pair(pixels, folder / "weights", folder, "a pack")


def heard(_stage: str, _images: int, _cost: float) -> None:
    """Progress is nothing to these tests."""


def test_nobody_joins_whose_weights_are_not_there(tmp_path: Path):
    pixels, _labels = pictures(8)
    assert seen(tmp_path, pixels) == []
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "resnet18-f37072fd.pth").touch()
    assert seen(tmp_path, pixels) == []


def test_an_image_and_its_mirror_image_are_seen_alike_and_only_once_by_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put_yolo(tmp_path / "weights")
    pixels, _labels = pictures(40)
    [net] = seen(tmp_path, pixels)
    assert (net.title, net.work > 0) == ("YOLOv8n", True)
    features = net.features(heard)
    assert features.dtype == np.float32
    assert len(features) == 40
    assert features.mean(0) == pytest.approx(0, abs=1e-2)
    assert (features**2).sum(1).mean() == pytest.approx(1, rel=0.05)
    (tmp_path / "other").mkdir()
    [mirrored] = seen_by_pair(pixels[:, :, ::-1].copy(), tmp_path / "weights", tmp_path / "other", "mirrored")
    assert mirrored.features(heard) == pytest.approx(features, abs=2e-3)

    def never(*_arguments: object) -> None:
        raise AssertionError("looked twice")

    with monkeypatch.context() as patch:
        patch.setattr(Images, "batch", never)
        assert np.array_equal(net.features(heard), features)
    assert net.work == 0
    put_yolo(tmp_path / "weights", seed=2)
    assert not np.allclose(net.features(heard), features, atol=2e-3)


def test_a_round_tells_what_each_of_the_pair_is_worth(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put_yolo(tmp_path / "weights")
    torch.save(empty_net("resnet50", 1000, 64).state_dict(), tmp_path / "weights" / RESNET)
    monkeypatch.setattr(weights, "sha256_of", lambda _path: "11ad3fa6")
    pixels, labels = pictures(48)
    known = [label if i < 24 else -1 for i, label in enumerate(labels)]
    folder = make_run(count=48, models=(), recipe="squint", labels=known)
    _told(folder, pixels, known, weights_dir=str(tmp_path / "weights"))
    execute_round(folder, read_manifest(folder))
    reports = {report.name: report for report in result_of(folder).labelers}
    assert list(reports) == ["compact", "features", "edges", "patches", "resnet50", "yolov8n-cls"]
    assert sum(report.weight for report in reports.values()) == pytest.approx(1)
    assert reports["resnet50"].title == "ResNet50"
    assert reports["resnet50"].checked == 24
    assert scores_of(folder)["probs_yolov8n-cls"].shape == (48, 2)


def test_damaged_weights_are_named(tmp_path: Path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / RESNET).write_bytes(b"not these")
    [net] = seen(tmp_path, pictures(8)[0])
    with pytest.raises(RunError, match=f"{RESNET} in .* is damaged"):
        net.features(heard)


def _told(folder: Path, pixels: np.ndarray, known: list[int], **changes: Any) -> None:
    np.save(folder / "pixels.npy", pixels)
    manifest = json.loads((folder / rundir.MANIFEST).read_text())
    quick = {"pretrain_images": 50, "steps": 4, "folds": 2, "draws": 5, "threads": 1}
    sources = ["human" if label >= 0 else "" for label in known]
    manifest |= {"settings": quick, "groups": [str(i) for i in range(len(known))], "sources": sources, **changes}
    (folder / rundir.MANIFEST).write_text(json.dumps(manifest))
