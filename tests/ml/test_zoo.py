"""Every model that is offered trains, and every name is known or refused in a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torchvision import models

from ml.backbones import build_net, get_backbone
from ml.contract import Preset
from ml.data import OWN
from ml.engine import Learner
from ml.errors import MissingLibraryError, RunError
from ml.losses import loss_of
from ml.model_folder import CONFIG, read_config
from ml.predict import load_model
from ml.pretraining import PretrainSettings
from ml.settings import TrainSettings
from ml.training import execute
from ml.zoo import DEFAULT, NAMES, TORCHVISION, ZOO, file_name, find_unknown, title_of
from tests.ml.conftest import MakeRun, result_of, scores_of

LARGE = ("vgg11", "vgg16")
"""Of more than 100 million parameters, whose files alone would take the test half a minute."""
FOUNDATION = tuple(entry.name for entry in ZOO if entry.extra)
"""Made for large pictures and taught elsewhere: tests/ml/test_foundation.py has small ones of their kind."""


@pytest.fixture
def quick_pile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PretrainSettings, "epochs_for", lambda *_: 2)


@pytest.mark.usefixtures("quick_pile")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in LARGE + FOUNDATION])
def test_a_model_of_the_zoo_trains_for_two_epochs_and_is_as_large_as_the_form_says(make_run: MakeRun, name: str):
    folder = make_run("bakeoff", (name,), count=24, preset=Preset.OWN)
    execute(folder)
    model = result_of(folder).models[0]
    entry = next(entry for entry in ZOO if entry.name == name)
    assert (model.title, round(model.parameters / 1e6, 1)) == (entry.title, entry.millions)
    assert scores_of(folder)[f"probs_{name}"].shape[1] == 2
    assert load_model(folder / model.folder).config.name == name


@pytest.mark.parametrize("name", FOUNDATION)
def test_what_was_taught_elsewhere_is_as_large_as_the_form_says(name: str):
    backbone = get_backbone(name)
    net = backbone.build(1, backbone.side_for(24, 1))
    entry = next(entry for entry in ZOO if entry.name == name)
    assert (backbone.title, round(sum(p.numel() for p in net.parameters()) / 1e6, 1)) == (
        entry.title,
        entry.millions,
    )


@pytest.mark.parametrize("name", LARGE)
def test_a_large_model_of_the_zoo_takes_a_step(name: str, tmp_path: Path):
    net = build_net(name, 1, 32, "scratch", tmp_path, seed=0)
    entry = next(entry for entry in ZOO if entry.name == name)
    assert round(sum(p.numel() for p in net.parameters()) / 1e6, 1) == entry.millions
    last = list(net.parameters())[-1].detach().clone()
    learner = Learner(net, TrainSettings(optimizer="sgd"))
    learner.step(loss_of(net(torch.rand(2, 3, 32, 32)), torch.tensor([0, 0])))
    assert not torch.equal(last, list(net.parameters())[-1])


def test_the_names_are_torchvisions():
    assert frozenset(models.list_models(module=models)) == TORCHVISION


@pytest.mark.parametrize(
    ("name", "side"), [("squeezenet1_1", 32), ("vit_b_32", 224), ("googlenet", 32), ("alexnet", 64)]
)
def test_any_classification_net_of_torchvisions_can_be_had_by_its_name(name: str, side: int, tmp_path: Path):
    assert get_backbone(name).side_for(24, 1) == side
    net = build_net(name, 3, side, "scratch", tmp_path, seed=0).eval()
    with torch.inference_mode():
        assert net(torch.rand(2, 3, side, side)).shape == (2, 3)


def test_a_net_that_the_form_does_not_name_trains_for_two_epochs_too(make_run: MakeRun):
    folder = make_run("bakeoff", ("shufflenet_v2_x0_5",), count=24, preset=Preset.OWN)
    execute(folder)
    model = result_of(folder).models[0]
    assert (model.name, model.title) == ("shufflenet_v2_x0_5", "shufflenet_v2_x0_5")
    assert load_model(folder / model.folder).config.trained["settings"]["epochs"] == 2


def test_an_unknown_name_gets_the_nearest_ones():
    assert find_unknown([*NAMES, "densenet121"]) is None
    assert "no model named resnet19; did you mean resnet18" in (find_unknown(["compact", "resnet19"]) or "")
    assert "there are compact" in (find_unknown(["%"]) or "")
    assert "compact" in DEFAULT
    assert "no model named features:resnet18+tree" in (find_unknown(["features:resnet18+tree"]) or "")
    assert "no model named features:resnet19+svm" in (find_unknown(["features:resnet19+svm"]) or "")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("timm:test_vit", r"timm:test_vit needs the extra timm: pip install 'squint\[timm\]'\."),
        ("clip:ViT-B-32", r"needs the extra foundation: pip install 'squint\[foundation\]'\."),
        ("features:dinov2+knn", "features:dinov2[+]knn needs the extra timm"),
    ],
)
def test_a_library_that_is_not_installed_is_one_sentence(name: str, says: str, monkeypatch: pytest.MonkeyPatch):
    assert find_unknown([name]) is None
    monkeypatch.setattr("ml.zoo.find_spec", lambda _name: None)
    with pytest.raises(RunError, match=says):
        get_backbone(name)


def test_a_model_whose_library_is_not_installed_here_is_not_called_damaged(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
):
    folder = make_run("bakeoff", ("features:timm:test_vit+logreg",), count=24)
    execute(folder)
    monkeypatch.setattr("ml.zoo.find_spec", lambda _name: None)
    with pytest.raises(MissingLibraryError, match="needs the extra timm"):
        load_model(folder / result_of(folder).models[0].folder)


def test_names_and_titles_fit_the_tables():
    longest = "features:timm:vit_small_patch14_reg4_dinov2.lvd142m+logreg"
    assert find_unknown([longest]) is None
    assert len(title_of(longest)) <= 60
    assert "at most 60 characters" in (find_unknown([f"timm:{'x' * 60}"]) or "")


@pytest.mark.parametrize("name", ["resnet18", "features:timm:test_vit+svm", "clip:ViT-B-32"])
def test_a_models_files_have_a_name_that_any_system_takes(name: str):
    assert re.fullmatch(r"[\w.-]+", file_name(name))


def test_the_compact_net_sees_pictures_at_their_own_size_and_needs_no_weights_from_elsewhere(make_run: MakeRun):
    folder = make_run("bakeoff", ("compact",), count=80, weights="pretrained", settings={"input_size": 0})
    execute(folder)
    model = result_of(folder).models[0]
    config = read_config((folder / model.folder / CONFIG).read_text())
    assert (config.input_size, config.norm, model.weights) == (24, OWN, "scratch")
    assert load_model(folder / model.folder).config == config
