"""Nets of timm and of open_clip, small ones of their kind: they train, wait for their weights, and come back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file

from ml import export, rundir
from ml.backbones import build_net, get_backbone
from ml.clip_nets import ZeroShot, open_clip_model
from ml.errors import RunError
from ml.onnx_model import OnnxModel
from ml.portable import ONNX
from ml.predict import load_model, open_net
from ml.pretraining import PretrainSettings
from ml.training import execute
from tests.ml.conftest import MakeRun, pictures, result_of, scores_of

TIMM = "timm:test_vit"
TINY_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A weights folder with what a tiny CLIP and a tiny vision transformer learnt elsewhere."""
    import open_clip

    (tmp_path / "tiny.json").write_text(json.dumps(TINY_CLIP))
    open_clip.add_model_config(tmp_path / "tiny.json")
    folder = tmp_path / "weights"
    folder.mkdir()
    save_file(open_clip_model("tiny").state_dict(), folder / "clip-tiny.safetensors")
    elsewhere = get_backbone(TIMM).build(1000, 160)
    save_file(elsewhere.state_dict(), folder / "test_vit.r160_in1k.safetensors")
    return folder


TABLE = [
    "timm:test_resnet",
    TIMM,
    f"features:{TIMM}+logreg",
    "features:clip:tiny+svm",
    "features:yolov8n-cls+knn",
    "features:resnet18+kmeans",
    "features:compact+knn",
    "clip:tiny",
]


@pytest.mark.parametrize("name", TABLE)
def test_every_kind_of_model_trains_and_answers_like_the_run_that_trained_it_also_as_onnx(
    make_run: MakeRun, weights: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(PretrainSettings, "epochs_for", lambda *_: 2)
    folder = make_run("bakeoff", (name,), count=40, weights_dir=str(weights))
    execute(folder)
    model, scores = result_of(folder).models[0], scores_of(folder)
    pixels, _labels = pictures(40)
    shown = [Image.fromarray(pixels[i - 100, :, :, 0]) for i in scores["image_ids"]]
    answers = load_model(folder / model.folder).predict(shown)
    assert np.allclose(answers, scores[f"probs_{name}"], atol=1e-4)
    assert np.allclose(
        asked_by_onnx(folder / model.folder, pixels[scores["image_ids"] - 100]), answers, atol=1e-3
    )
    assert model.weights == ("pretrained" if "clip:" in name else "scratch")
    assert ("purity" in model.metrics["validation"]) == name.endswith("kmeans")
    assert not (folder / rundir.MODELS / name).exists() or ":" not in name


def asked_by_onnx(folder: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    net, config = open_net(folder)
    program = export._trace(export.WholeNet(net, config).eval(), config)
    export._write_onnx(program, config, export.describe(config), folder / ONNX)
    return OnnxModel(folder / ONNX, threads=1).probabilities(np.repeat(pixels, 3, axis=3))


@pytest.mark.parametrize("name", [TIMM, f"features:{TIMM}+svm"])
def test_timms_weights_come_from_the_weights_folder_whatever_side_they_were_made_for(weights: Path, name: str):
    first, again = (build_net(name, 2, 32, "pretrained", weights, seed).state_dict() for seed in (1, 2))
    other = build_net(name, 2, 32, "scratch", weights, seed=1).state_dict()
    body = next(key for key in first if key.endswith("blocks.0.attn.qkv.weight"))
    assert torch.equal(first[body], again[body])
    assert not torch.equal(first[body], other[body])


def test_clip_answers_by_the_names_of_the_classes_without_a_label(make_run: MakeRun, weights: Path):
    saved = []
    for classes, flipped in ((["closed", "open"], 0), (["open", "closed"], 1)):
        _pixels, labels = pictures(40)
        folder = make_run(
            "bakeoff", ("clip:tiny",), count=40, weights_dir=str(weights), classes=2,
            labels=[abs(label - flipped) for label in labels],
        )  # fmt: skip
        manifest = json.loads((folder / rundir.MANIFEST).read_text())
        (folder / rundir.MANIFEST).write_text(json.dumps({**manifest, "classes": classes}))
        execute(folder)
        net = load_model(folder / rundir.MODELS / "clip-tiny")._net
        assert isinstance(net, ZeroShot)
        saved.append(net.words)
    assert torch.allclose(saved[0], saved[1].flip(0), atol=1e-5)
    assert not torch.allclose(saved[0], saved[1], atol=1e-3)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        (TIMM, "put test_vit.r160_in1k.safetensors into .*nowhere, or let the project train from scratch"),
        ("features:dinov2+svm", "put vit_small_patch14_dinov2.lvd142m.safetensors into .*nowhere, or let"),
        ("clip:tiny", "put clip-tiny.safetensors into .*nowhere[.]$"),
    ],
)
def test_weights_that_cannot_be_had_are_one_sentence_with_file_and_folder(
    weights: Path, name: str, file: str, monkeypatch: pytest.MonkeyPatch
):
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(RunError, match=file) as raised:
        build_net(name, 2, 56, "pretrained", weights / "nowhere", seed=0)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("timm:resnet19", "timm has no model named resnet19"),
        ("clip:ViT-Z-1", "open_clip has no model named ViT-Z-1"),
        ("features:squeezenet1_1+svm", "squeezenet1_1 has no features to lend"),
    ],
)
def test_names_that_a_library_does_not_know_are_one_sentence(name: str, says: str, tmp_path: Path):
    with pytest.raises(RunError, match=says):
        build_net(name, 2, 32, "scratch", tmp_path, seed=0)


def test_a_file_that_holds_other_weights_is_one_sentence(weights: Path):
    (weights / "test_vit.r160_in1k.safetensors").rename(weights / "clip-tiny.safetensors")
    with pytest.raises(RunError, match=r"clip-tiny\.safetensors in .* does not hold the weights"):
        build_net("clip:tiny", 2, 32, "pretrained", weights, seed=0)
