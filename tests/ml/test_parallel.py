"""Two processes that train one net together, over gloo on the CPU: the code of several GPUs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ml import parallel
from ml.data import OWN, Images
from ml.engine import Task, fit_together
from ml.events import MetricPoint, decode_event
from ml.parallel import size_for
from ml.report import Reporter
from ml.settings import TrainSettings
from tests.ml.conftest import pictures

ROWS = np.arange(32)


def plain_net() -> torch.nn.Sequential:
    """No statistics of a batch and no dice: the mean of two halves' gradients is the whole's."""
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)
    )


def train(folder: Path, processes: int) -> tuple[torch.nn.Sequential, list[float]]:
    pixels, labels = pictures(48)
    np.save(folder / "pixels.npy", pixels)
    images = Images(np.load(folder / "pixels.npy", mmap_mode="r"), 16, torch.device("cpu"))
    settings = TrainSettings(
        epochs=3, batch_size=16, augmentation="none", optimizer="sgd", learning_rate=0.05, averaging=0.5,
        processes=processes, checkpoint_every_s=0,
    )  # fmt: skip
    task = Task(
        "A net", images, OWN, np.array(labels), ROWS, np.arange(32, 48), settings, 0, folder / "checkpoint"
    )
    net = plain_net()
    with (folder / "events").open("w+") as events:
        state = fit_together(task, net, Reporter(1, events), "net")
        events.seek(0)
        told = [event for line in events if isinstance(event := decode_event(line), MetricPoint)]
    assert state.epoch == 3
    return net, [point.value for point in told if point.name == "val_loss"]


def test_two_processes_learn_what_one_learns(tmp_path: Path):
    folders = [tmp_path / name for name in ("alone", "together")]
    for folder in folders:
        folder.mkdir()
    alone, together = train(folders[0], 1), train(folders[1], 2)
    assert together[1] == pytest.approx(alone[1], abs=1e-5)
    for one, two in zip(alone[0].parameters(), together[0].parameters(), strict=True):
        assert torch.allclose(one, two, atol=1e-5)
        assert not torch.equal(one, plain_net()[1].weight)


@pytest.mark.parametrize(
    ("wanted", "images", "batch", "size"), [(0, 100, 16, 1), (2, 100, 16, 2), (8, 96, 8, 4), (4, 3, 16, 1)]
)
def test_everybody_gets_two_images_of_every_batch(wanted: int, images: int, batch: int, size: int):
    assert size_for(wanted, torch.device("cpu"), images, batch) == size


def test_every_gpu_has_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parallel.torch.cuda, "device_count", lambda: 4)
    assert size_for(0, torch.device("cuda"), 1000, 64) == 4
