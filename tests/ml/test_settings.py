"""What each setting of a training does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ml.data import OWN, Images, normalise
from ml.device import reduced_precision
from ml.engine import Learner, Task, evaluate, fit, training_view
from ml.errors import RunError
from ml.losses import balanced_weights, loss_of
from ml.optimizing import average_of, rate_at
from ml.report import Reporter
from ml.settings import TrainSettings, with_overrides
from tests.ml.conftest import pictures

COUNT = 48
BASE = TrainSettings(epochs=4, batch_size=16, augmentation="none", checkpoint_every_s=0)


def task_of(folder: Path, settings: TrainSettings) -> Task:
    pixels, labels = pictures(COUNT)
    rows = np.arange(COUNT)
    images = Images(pixels, 24, torch.device("cpu"))
    checkpoint = folder / "checkpoint.safetensors"
    return Task("Tiny", images, OWN, np.array(labels), rows[:36], rows[36:], settings, 3, checkpoint)


def tiny_net() -> torch.nn.Sequential:
    torch.manual_seed(1)
    layers = torch.nn.Conv2d(3, 4, 3, 4), torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.Linear(144, 2)
    return torch.nn.Sequential(*layers)


def trained(folder: Path, settings: TrainSettings) -> tuple[torch.nn.Module, int]:
    net = tiny_net()
    state = fit(task_of(folder, settings), net, Reporter(1, stream=(folder / "events").open("a")), "tiny")
    return net, state.epoch


EVERYTHING = with_overrides(
    BASE, {"optimizer": "adamw", "schedule": "cosine", "averaging": 0.9, "mixup": 0.4, "balanced": True,
           "smoothing": 0.1, "augmentation": "distort", "warmup_epochs": 1}
)  # fmt: skip


def test_a_training_with_every_setting_resumes_to_what_it_would_have_become(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole, _ = trained(tmp_path, EVERYTHING)
    (tmp_path / "checkpoint.safetensors").unlink()

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        calls = iter([True, True])
        patched.setattr("ml.engine._check_finite", lambda *args: next(calls, False) or killed(*args))
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, EVERYTHING)
    assert (tmp_path / "checkpoint.safetensors").exists()
    resumed, _ = trained(tmp_path, EVERYTHING)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_average_of_the_weights_is_what_is_judged_and_kept(tmp_path: Path):
    learner = Learner(tiny_net(), with_overrides(BASE, {"averaging": 0.5}))
    before = [p.detach().clone() for p in learner.net.parameters()]
    for _ in range(2):
        learner.step(learner.net(torch.rand(8, 3, 24, 24)).square().sum())
    after = list(learner.net.parameters())
    for old, new, kept in zip(before, after, learner.judged.parameters(), strict=True):
        assert not torch.equal(new, old)
        assert not torch.equal(kept, new)
    net, _ = trained(tmp_path, with_overrides(BASE, {"averaging": 0.9}))
    assert evaluate(task_of(tmp_path, BASE), net, np.arange(COUNT))["val_accuracy"] > 0.7


def test_the_average_of_a_short_training_is_not_its_beginning():
    net = torch.nn.Linear(1, 1, bias=False)
    average = average_of(net, with_overrides(BASE, {"averaging": 0.99}))
    assert average is not None
    for value in range(40):
        with torch.no_grad():
            net.weight.fill_(value)
        average.update_parameters(net)
    assert average.module.weight.item() > 30


def test_patience_ends_a_training_that_no_longer_improves(tmp_path: Path):
    settings = with_overrides(BASE, {"epochs": 30, "patience": 2, "learning_rate": 1e-12, "optimizer": "sgd"})
    _net, epochs = trained(tmp_path, settings)
    assert epochs < 30


def test_mixed_and_distorted_views_differ_and_a_seed_repeats_them(tmp_path: Path):
    task = task_of(tmp_path, EVERYTHING)
    rows = np.arange(8)
    views = [training_view(task, rows, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(views[0], views[1])
    assert not torch.equal(views[0], views[2])
    assert views[0].shape == normalise(task.images.batch(rows), OWN).shape


@pytest.mark.parametrize("outputs", [1, 2])
def test_smoothing_and_class_weights_enter_the_loss_alike_for_both_heads(outputs: int):
    """Two logits of ±l/2 say what one logit l says."""
    single = torch.tensor([[2.0], [-1.0], [0.5]])
    logits = single if outputs == 1 else torch.cat([-single / 2, single / 2], dim=1)
    targets = torch.tensor([1, 0, 0])
    weights = balanced_weights(targets, 2)
    assert weights.tolist() == [0.75, 1.5]
    loss = loss_of(logits, targets, smoothing=0.2, class_weights=weights)
    chances = torch.sigmoid(single[:, 0])
    wanted = torch.tensor([0.9, 0.1, 0.1])
    by_hand = -(wanted * chances.log() + (1 - wanted) * (1 - chances).log())
    if outputs == 1:
        assert torch.isclose(loss, (by_hand * weights[targets]).sum() / weights[targets].sum())
    assert torch.isclose(loss_of(logits, targets, smoothing=0.2), by_hand.mean())


def test_half_a_cosine_falls_slowly_then_fast_then_slowly():
    settings = with_overrides(BASE, {"epochs": 10, "schedule": "cosine", "final_rate": 0.0, "learning_rate": 1.0})
    rates = [rate_at(settings, epoch) for epoch in (0, 1, 5, 9, 10)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 1
    assert rates[0] - rates[1] < 0.05
    assert rates[2] == pytest.approx(0.5)
    assert rates[4] == pytest.approx(0)


@pytest.mark.parametrize("wrong", [{"smoothing": 1.0}, {"mixup": -1.0}, {"averaging": 1.5}, {"balanced": 1}])
def test_settings_that_make_no_sense_are_refused_in_a_sentence(wrong: dict[str, float]):
    with pytest.raises(RunError, match=r"\.$"):
        with_overrides(BASE, wrong)


def test_reduced_precision_is_used_where_the_processor_has_it_and_says_nearly_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen = []
    for has_it in (False, True):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=has_it: has)
        with reduced_precision(torch.device("cpu")):
            assert (tiny_net()[:1](torch.rand(1, 3, 24, 24)).dtype == torch.bfloat16) == has_it
        folder = tmp_path / str(has_it)
        folder.mkdir()
        net, _epochs = trained(folder, BASE)
        assert all(torch.isfinite(p).all() and p.dtype == torch.float32 for p in net.parameters())
        seen.append(evaluate(task_of(tmp_path, BASE), net, np.arange(COUNT))["val_loss"])
    assert seen[0] == pytest.approx(seen[1], abs=0.05)
    assert seen[0] != seen[1]
