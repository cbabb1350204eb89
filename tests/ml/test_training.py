"""A run from its manifest to its result, with tiny real nets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ml import engine, rundir
from ml.contract import RunResult
from ml.errors import NotFiniteError, RunError
from ml.labelers.founding import YOLO
from ml.model_folder import read_config
from ml.predict import load_model
from ml.splitting import check_classes
from ml.training import execute
from tests.ml.conftest import NET, MakeRun, pictures, result_of, scores_of


def test_two_labelers_of_different_families_score_every_image(make_run: MakeRun):
    folder = make_run(models=("resnet18", "yolov8n-cls"))
    execute(folder)
    scores = scores_of(folder)
    assert scores["image_ids"].tolist() == list(range(100, 160))
    for name in ("resnet18", "yolov8n-cls"):
        assert scores[f"probs_{name}"].dtype == np.float32
        assert scores[f"probs_{name}"].shape == (60, 2)
        assert np.allclose(scores[f"probs_{name}"].sum(1), 1, atol=1e-5)
    assert rundir.is_done(folder)
    assert [model.weights for model in result_of(folder).models] == ["scratch", "scratch"]
    assert "from scratch" in result_of(folder).notes[0]


def test_the_same_manifest_gives_the_same_weights_and_another_seed_gives_others(make_run: MakeRun):
    folders = [make_run(seed=seed) for seed in (1, 1, 2)]
    for folder in folders:
        execute(folder)
    hashes = [result_of(folder).models[0].sha256 for folder in folders]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_labeler_learns_what_can_be_learnt(make_run: MakeRun):
    folder = make_run(models=("resnet18",), settings={"epochs": 5})
    execute(folder)
    _pixels, labels = pictures(60)
    assert (scores_of(folder)["probs_resnet18"].argmax(1) == labels).mean() > 0.9


def test_groups_stay_whole_and_the_test_part_alone_is_judged(bakeoff: Path):
    splits = json.loads((bakeoff / rundir.SPLITS).read_text())
    faces = {part: {(i - 100) // 4 for i in ids} for part, ids in splits.items()}
    assert not faces["train"] & faces["test"]
    assert not faces["validate"] & (faces["test"] | faces["train"])
    assert sum(map(len, splits.values())) == 80
    assert scores_of(bakeoff)["image_ids"].tolist() == splits["test"]


def test_only_the_training_part_trains_and_only_the_validation_part_validates(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
):
    seen: dict[bool, set[int]] = {True: set(), False: set()}
    own_batch = engine.Images.batch

    def watched(self: engine.Images, rows: np.ndarray) -> torch.Tensor:
        seen[not torch.is_inference_mode_enabled()] |= {int(row) + 100 for row in rows}
        return own_batch(self, rows)

    monkeypatch.setattr(engine.Images, "batch", watched)
    folder = make_run("bakeoff", count=80)
    execute(folder)
    splits = json.loads((folder / rundir.SPLITS).read_text())
    assert seen[True] == set(splits["train"])
    assert seen[False] == {*splits["validate"], *splits["test"]}


def test_a_bake_off_reports_figures_with_intervals(bakeoff: Path):
    for model in result_of(bakeoff).models:
        figures = model.metrics["figures"]
        assert set(figures) >= {"precision", "recall", "f1", "accuracy", "eer", "auc", "eer_threshold"}
        assert figures["accuracy"]["low"] <= figures["accuracy"]["value"] <= figures["accuracy"]["high"]


def test_a_result_says_what_made_it(bakeoff: Path):
    result = result_of(bakeoff)
    assert result.environment["code"] == "test"
    assert result.environment["torch"] == torch.__version__
    assert result.environment["device"]
    model = result.models[1]
    assert (bakeoff / model.folder / "model.safetensors").exists()
    config = read_config((bakeoff / model.folder / "config.json").read_text())
    assert config.sha256 == model.sha256
    assert config.trained["settings"]["epochs"] == 2
    assert RunResult.from_json(result.to_json()) == result


def test_three_classes_train_with_cross_entropy(make_run: MakeRun):
    folder = make_run("bakeoff", count=96, classes=3)
    execute(folder)
    assert scores_of(folder)[f"probs_{NET}"].shape[1] == 3
    assert "eer" not in result_of(folder).models[0].metrics["figures"]


def test_what_is_finished_is_not_trained_again(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch):
    folder = make_run()
    execute(folder)
    (folder / rundir.DONE).unlink()
    monkeypatch.setattr("ml.learning.fit_together", lambda *_: pytest.fail("trained again"))
    execute(folder)
    assert rundir.is_done(folder)


def test_numbers_that_are_not_finite_are_never_kept(make_run: MakeRun):
    folder = make_run(settings={"learning_rate": 1e30})
    with pytest.raises(NotFiniteError, match="finite numbers"):
        execute(folder)
    assert not (folder / rundir.MODELS).exists()
    assert not rundir.is_done(folder)


def test_weights_that_are_not_finite_are_noticed_where_the_loss_does_not_show_them():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    net[1].running_var.fill_(float("nan"))
    with pytest.raises(NotFiniteError):
        engine._check_finite("A net", net, {"val_loss": 0.5})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"labels": [-1] * 60}, "at least two classes"),
        ({"labels": [0] * 60}, "at least two classes"),
        ({"labels": [0] * 59 + [1]}, "of class1 there is one"),
        ({"kind": "bakeoff", "labels": [0] * 52 + [1] * 8}, "of class1 there are only two"),
        ({"settings": {"epoch": 3}}, "epoch is no training setting"),
        ({"settings": {"epochs": "3"}}, "The training setting epochs cannot be '3'"),
        ({"settings": {"epochs": 0}}, "at least 1 epoch"),
        ({"models": ["resnet19"]}, "no model named resnet19"),
        ({"models": []}, "No model was chosen"),
        ({"contract_version": 99}, "contract version 99"),
        ({"models": ["resnet18"], "weights": "pretrained"}, "put resnet18-f37072fd.pth into .*weights, or let"),
        ({"models": ["yolov8n-cls"], "weights": "pretrained"}, "put yolov8n-cls.pt into .*weights, or let"),
        ({"image_ids": [1]}, "do not fit"),
    ],
)
def test_what_cannot_be_run_ends_in_one_sentence(
    make_run: MakeRun, changes: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    folder = make_run(**{"weights_dir": str(tmp_path / "weights"), **changes})
    with pytest.raises(RunError, match=says) as raised:
        execute(folder)
    assert "\n" not in str(raised.value)
    assert not rundir.is_done(folder)


def unreachable(*_: object, **__: object) -> None:
    raise OSError("no network")


def test_weights_that_a_later_model_lacks_are_told_before_the_first_is_trained(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    folder = make_run("bakeoff", ("compact", "resnet18"), weights="pretrained", weights_dir=str(tmp_path))
    with pytest.raises(RunError, match=r"ResNet18 needs its pretrained weights.* put resnet18-f37072fd\.pth"):
        execute(folder)
    assert not (folder / rundir.MODELS).exists()
    assert not (folder / rundir.CHECKPOINTS).exists()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY rubbish", b"no array at all"])
def test_a_damaged_pack_or_manifest_is_one_sentence(make_run: MakeRun, content: bytes):
    folder = make_run()
    (folder / "pixels.npy").write_bytes(content)
    with pytest.raises(RunError, match="packed images of this run are damaged"):
        execute(folder)
    (folder / rundir.MANIFEST).write_bytes(content[:5])
    with pytest.raises((RunError, UnicodeDecodeError)):
        execute(folder)


def test_a_trained_model_answers_like_the_run_that_trained_it(bakeoff: Path):
    pixels, _labels = pictures(80)
    scores = scores_of(bakeoff)
    rows = scores["image_ids"] - 100
    shown = [Image.fromarray(pixels[row, :, :, 0]) for row in rows]
    for name in (NET, "yolov8n-cls"):
        answers = load_model(bakeoff / rundir.MODELS / name).score(shown)
        assert np.allclose(answers, scores[f"probs_{name}"][:, 1], atol=1e-4)


def test_the_rate_climbs_then_falls():
    rates = [engine.rate_at(YOLO, epoch) for epoch in (1, 5, 30)]
    assert rates[0] < rates[1]
    assert rates[2] == pytest.approx(0.005 * 0.01)


def test_classes_are_checked_by_independent_images_not_by_images():
    with pytest.raises(RunError, match="of open there is one"):
        check_classes(np.arange(6), [0, 0, 0, 0, 1, 1], ["a", "b", "c", "d", "e", "e"], 2, ["closed", "open"])
