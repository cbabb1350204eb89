"""A checkpoint is the whole truth or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ml import rundir
from ml.checkpoint import TrainState, load_checkpoint, next_checkpoint_at, save_checkpoint
from ml.engine import copy_of
from ml.optimizing import make_optimizer
from ml.settings import TrainSettings
from ml.training import execute
from tests.ml.conftest import NET, MakeRun, result_of

ADAM = TrainSettings()
SGD = TrainSettings(optimizer="sgd")


def net(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    layers = torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.Linear(4, 2)
    return torch.nn.Sequential(*layers).to(memory_format=torch.channels_last)


def trained(settings: TrainSettings, seed: int = 0) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    made = net(seed)
    optimizer = make_optimizer(made, settings)
    step(made, optimizer)
    return made, optimizer


def step(made: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    images = torch.rand(8, 3, 3, 3, generator=torch.Generator().manual_seed(9))
    optimizer.zero_grad()
    made(images).square().sum().backward()
    optimizer.step()


def written(path: Path, settings: TrainSettings) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    made, optimizer = trained(settings)
    save_checkpoint(path, TrainState(3, 2, 0.5), made, copy_of(made), optimizer, "this run")
    return made, optimizer


@pytest.mark.parametrize("settings", [ADAM, SGD], ids=["adam", "sgd"])
def test_the_next_step_is_the_one_that_would_have_followed(tmp_path: Path, settings: TrainSettings):
    made, optimizer = written(tmp_path / "a.safetensors", settings)
    other = net(5)
    other_optimizer = make_optimizer(other, settings)
    loaded = load_checkpoint(tmp_path / "a.safetensors", other, other_optimizer, "this run")
    assert loaded is not None
    state, best = loaded
    assert (state.epoch, state.best_epoch, state.best_loss) == (3, 2, 0.5)
    assert all(torch.equal(best[key], value) for key, value in made.state_dict().items())
    step(made, optimizer)
    step(other, other_optimizer)
    for ours, theirs in zip(made.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    middle = len(data) * 3 // 4
    changed = bytes([data[middle] ^ 1])
    path.write_bytes(
        {
            "cut": data[: len(data) // 2],
            "flipped bit": data[:middle] + changed + data[middle + 1 :],
            "empty": b"",
            "zeros": bytes(1000),
        }[how]
    )


@pytest.mark.parametrize("how", ["cut", "flipped bit", "empty", "zeros"])
def test_a_damaged_checkpoint_counts_as_none_and_leaves_the_net_alone(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "a.safetensors"
    written(path, ADAM)
    damage(path, how)
    fresh = net(5)
    before = copy_of(fresh)
    assert load_checkpoint(path, fresh, make_optimizer(fresh, ADAM), "this run") is None
    assert all(torch.equal(before[key], value) for key, value in fresh.state_dict().items())
    assert "not resumed" in caplog.text


def test_a_checkpoint_of_another_run_counts_as_none(tmp_path: Path):
    written(tmp_path / "a.safetensors", ADAM)
    fresh = net(5)
    assert load_checkpoint(tmp_path / "a.safetensors", fresh, make_optimizer(fresh, ADAM), "another run") is None


def test_a_run_with_a_damaged_checkpoint_begins_that_model_anew(make_run: MakeRun):
    whole, damaged = make_run(), make_run()
    checkpoint = damaged / rundir.CHECKPOINTS / f"{NET}.safetensors"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(bytes(1000))
    for folder in (whole, damaged):
        execute(folder)
    assert result_of(damaged).models[0].sha256 == result_of(whole).models[0].sha256
    assert not checkpoint.exists(), "checkpoints go when the run is done"


def test_a_checkpoint_that_is_slow_to_write_is_written_seldom():
    assert next_checkpoint_at(100.0, 100.1, every_s=10) == pytest.approx(110.1)
    assert next_checkpoint_at(100.0, 102.0, every_s=10) == pytest.approx(142.0)
    assert next_checkpoint_at(100.0, 102.0, every_s=0) == 102.0
