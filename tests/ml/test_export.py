"""ONNX and torch.export: made by the real exporters, and asked as somebody without Squint would ask."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from ml import export, scoring
from ml.backbones import build_net, get_backbone
from ml.errors import DamagedModelError, RunError
from ml.model_folder import ModelConfig, save_model
from ml.onnx_model import OnnxModel
from ml.portable import ONNX, PORTABLE, PROGRAM, Portable, PortablePlan, add_threshold, saying_threshold
from ml.predict import load_model
from ml.rundir import DONE, MANIFEST
from tests.ml.conftest import pictures


def prepare(folder: Path, name: str, classes: list[str]) -> Path:
    """Make a run over an untrained net and sixteen grey pictures."""
    net = build_net(name, len(classes) if len(classes) > 2 else 1, 32, "scratch", folder, seed=0)
    outputs = len(classes) if len(classes) > 2 else 1
    norm = get_backbone(name).norm
    save_model(folder / "model", net, ModelConfig(name, name, classes, 1, outputs, 32, norm, ""))
    np.save(folder / "pixels.npy", pictures(16)[0])
    plan = PortablePlan(str(folder / "model"), str(folder), list(range(16)), {"made_by": "a test"})
    (folder / MANIFEST).write_text(plan.to_json())
    return folder


def some(count: int, height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "classes"), [("compact", ["closed", "half", "open"]), ("yolov8n-cls", ["closed", "open"])]
)
def test_the_files_answer_as_the_model_does_whatever_the_size_and_number_of_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, classes: list[str]
):
    import onnx
    import onnxruntime

    monkeypatch.setattr(export, "MEASURED_S", 0.01)
    monkeypatch.setattr(scoring, "reduced_precision", lambda _device: nullcontext())
    run = prepare(tmp_path, name, classes)
    export.execute(run)

    made = Portable.from_json((run / PORTABLE).read_text())
    assert (run / DONE).exists()
    assert max(made.onnx.difference, made.program.difference) < 1e-5
    assert (made.checked, made.opset, made.picture) == (16, 18, [16, 16])
    assert min(made.latency_ms, made.images_per_s) > 0

    own = load_model(run / "model")
    session = onnxruntime.InferenceSession(run / ONNX, providers=["CPUExecutionProvider"])
    program = torch.export.load(run / PROGRAM).module()
    for images in (some(1, 24, 24), some(5, 60, 41), some(2, 32, 32)):
        wanted = own.predict([Image.fromarray(image) for image in images])
        probabilities, score = session.run(None, {"images": images})
        assert np.abs(probabilities - wanted).max() < 1e-3
        assert np.array_equal(score, probabilities[:, 1])
        assert np.abs(program(torch.from_numpy(images))[0].detach().numpy() - wanted).max() < 1e-3

    assert OnnxModel(run / ONNX).config.threshold is None
    with (run / ONNX).open("ab") as stream:
        stream.write(saying_threshold(0.725))
    onnx.checker.check_model(run / ONNX)
    again = OnnxModel(run / ONNX)
    assert again.config.threshold == 0.725
    assert np.array_equal(again.probabilities(images), probabilities)

    with (run / PROGRAM).open("r+b") as stream:
        add_threshold(stream, 0.725)
    extra = {"threshold": ""}
    program = torch.export.load(run / PROGRAM, extra_files=extra).module()
    assert np.abs(program(torch.from_numpy(images))[0].detach().numpy() - wanted).max() < 1e-3
    assert (float(extra["threshold"]), json.loads(extra["classes"]), extra["made_by"]) == (
        0.725,
        classes,
        "a test",
    )

    told = session.get_modelmeta().custom_metadata_map
    assert (json.loads(told["classes"]), told["made_by"]) == (classes, "a test")
    root = str(Path(__file__).resolve().parents[2]).encode()
    assert not any(root in (run / file).read_bytes() for file in (ONNX, PROGRAM))


def test_a_file_that_answers_otherwise_is_not_kept(tmp_path: Path):
    file = tmp_path / ONNX
    file.write_bytes(b"onnx")
    right = np.full((4, 2), 0.5, np.float32)
    for found in (right + 0.002, np.full((4, 2), np.nan, np.float32)):
        file.write_bytes(b"onnx")
        with pytest.raises(RunError, match="differs from PyTorch by"):
            export._checked(file, "ONNX", right, found)
        assert not file.exists()


def test_what_squint_has_not_exported_is_refused_in_a_sentence(tmp_path: Path):
    import onnx

    foreign = tmp_path / "foreign.onnx"
    info = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [info], [
        onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    ])  # fmt: skip
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9), foreign
    )
    (tmp_path / "text.onnx").write_text("no model")
    for path in (foreign, tmp_path / "text.onnx"):
        with pytest.raises(DamagedModelError, match="is not an ONNX model exported by Squint"):
            OnnxModel(path)
