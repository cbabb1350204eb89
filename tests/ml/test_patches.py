"""What small patches tell of a pile, learnt without a label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from app.images.rendered import render_eyes
from ml import patches
from ml.linear import KernelMachine
from ml.patches import FILE, patch_features
from ml.pixels import pack
from ml.small import SmallImages, shrink


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "SAMPLED_PATCHES", 3000)
    monkeypatch.setattr(patches, "KINDS", 32)


def small(pixels: np.ndarray) -> SmallImages:
    return shrink(pixels, torch.device("cpu"))


def measured(pixels: np.ndarray, folder: Path, name: str = "pile") -> np.ndarray:
    return patch_features(small(pixels), folder, name, lambda _count: None)


def test_eyes_that_are_alike_lie_close(tmp_path: Path):
    drawn = list(render_eyes(160, 3))
    labels = np.array([said == "open" for _, said, _ in drawn], np.int64)
    features = measured(pack([picture for *_, picture in drawn], (24, 24), grey=True), tmp_path)
    machine = KernelMachine(features[:60], labels[:60], 2, 10.0, 0.15)
    assert (machine(features).argmax(1) == labels)[60:].mean() > 0.85


def test_an_image_and_its_mirror_image_measure_the_same(tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 255, (12, 24, 24, 1), np.uint8)
    both = np.concatenate([pixels, pixels[:, :, ::-1]])
    features = measured(both, tmp_path)
    assert np.allclose(features[:12], features[12:], atol=0.01)


def test_what_was_measured_is_kept_beside_the_pack_and_belongs_to_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pixels = np.random.default_rng(0).integers(0, 255, (12, 24, 24, 1), np.uint8)
    first = measured(pixels, tmp_path)
    assert (tmp_path / FILE).exists()
    with monkeypatch.context() as patched:
        patched.setattr(patches, "_learn", lambda *_arguments: pytest.fail("learnt twice"))
        assert np.array_equal(measured(pixels, tmp_path), first)
    assert not np.array_equal(measured(255 - pixels // 2, tmp_path, "another pile"), first)


@pytest.mark.parametrize("shape", [(1, 24, 24, 1), (40, 64, 64, 3), (9, 24, 24, 1)])
def test_any_pile_is_measured_even_one_of_equal_images(tmp_path: Path, shape: tuple[int, ...]):
    features = measured(np.full(shape, 127, np.uint8), tmp_path)
    assert len(features) == shape[0]
    assert np.isfinite(features).all()
