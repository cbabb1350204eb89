"""What the images teach without labels: a compact net begins from it where it is known, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ml.backbones import empty_net
from ml.contract import Manifest
from ml.model_folder import CONFIG
from ml.pile import learn_pile, recall_pile
from ml.pixels import load_pack
from ml.pretraining import PretrainSettings
from ml.report import Reporter
from ml.rundir import MANIFEST
from ml.training import execute
from tests.ml.conftest import MakeRun, result_of

KEPT = {"epochs": 1, "learning_rate": 1e-9, "input_size": 0}
"""So small a step that what a net began from can be told by what it is at the end."""


@pytest.fixture
def learnt(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, torch.nn.Module]:
    """A run whose images have been learnt from, and a net that knows what they taught."""
    monkeypatch.setattr(PretrainSettings, "epochs_for", lambda *_: 1)
    folder = make_run("bakeoff", ("compact",), count=40, settings=KEPT)
    net = empty_net("compact", 1, 24)
    with (folder / "events").open("w") as events:
        learn_pile(net, manifest_of(folder), load_pack(folder), Reporter(1, events))
    return folder, net


def manifest_of(folder: Path) -> Manifest:
    return Manifest.from_json((folder / MANIFEST).read_text())


def test_a_compact_classifier_begins_from_what_its_images_taught_and_the_record_says_so(
    learnt: tuple[Path, torch.nn.Module],
):
    folder, teacher = learnt
    execute(folder)
    result = result_of(folder)
    assert any("began from what the images themselves teach without labels" in note for note in result.notes)
    config = json.loads((folder / result.models[0].folder / CONFIG).read_text())
    assert config["trained"]["from_pile"] is True
    weights = net_in(folder, result.models[0].folder)
    for name, value in teacher.state_dict().items():
        if name.startswith("body.") and name.endswith("weight"):
            assert torch.allclose(weights[name], value, atol=1e-5)


def test_where_nobody_has_learnt_from_the_images_it_begins_by_chance_and_says_nothing(make_run: MakeRun):
    folder = make_run("bakeoff", ("compact",), count=40, settings=KEPT)
    execute(folder)
    result = result_of(folder)
    assert not any("without labels" in note for note in result.notes)
    assert result.models[0].metrics["from_pile"] is False


def test_what_another_pile_taught_is_not_recalled(learnt: tuple[Path, torch.nn.Module]):
    folder, _teacher = learnt
    manifest = manifest_of(folder)
    net = empty_net("compact", 1, 24)
    assert recall_pile(net, manifest, load_pack(folder))
    assert not recall_pile(net, manifest, load_pack(folder)[:30])


def net_in(folder: Path, model: str) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / model / "model.safetensors")
