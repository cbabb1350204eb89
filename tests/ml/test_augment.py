from __future__ import annotations

from dataclasses import replace

import torch
from torchvision.transforms.v2.functional import gaussian_blur

from ml.augment import _gaussian, augment, blur
from ml.distort import LIVELY, distort


def images() -> torch.Tensor:
    return torch.rand(6, 3, 24, 24, generator=torch.Generator().manual_seed(1))


def test_every_set_keeps_shape_and_range():
    for kind in ("none", "flip", "report"):
        out = augment(images(), kind, torch.Generator().manual_seed(0))
        assert out.shape == (6, 3, 24, 24)
        assert 0 <= float(out.min()) <= float(out.max()) <= 1.0001


def test_the_same_dice_give_the_same_pictures():
    first, second = (augment(images(), "report", torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, second)


def test_each_picture_has_its_own_dice():
    same = images()[:1].expand(6, -1, -1, -1)
    out = augment(same, "report", torch.Generator().manual_seed(0))
    assert len({round(float(picture.mean()), 5) for picture in out}) > 3


def test_the_blur_is_torchvisions():
    sigma = 0.1 + 4.9 * torch.rand(1, 1, 1, 1, generator=torch.Generator().manual_seed(5))
    ours = blur(images()[:1], torch.Generator().manual_seed(5))
    theirs = gaussian_blur(images()[:1], [5, 9], [float(sigma)] * 2)
    assert torch.allclose(ours, theirs, atol=1e-4)
    assert torch.allclose(_gaussian(sigma, 9).sum(1), torch.ones(1))


def test_a_distortion_of_no_strength_only_mirrors_and_a_stronger_one_bends_further():
    same = images()[:1].expand(40, -1, -1, -1)
    still = distort(same, replace(LIVELY.times(0), cutout=0), torch.Generator().manual_seed(0))
    for picture in still:
        mirrored, kept = (torch.allclose(picture, like, atol=1e-4) for like in (same[0].flip(-1), same[0]))
        assert mirrored or kept
    assert len({round(float(picture[0, 0, 0]), 4) for picture in still}) == 2
    change = [
        (distort(same, LIVELY.times(strength), torch.Generator().manual_seed(0)) - same).abs().mean()
        for strength in (0.0, 0.5, 1.0, 2.0)
    ]
    assert sorted(change) == change
    assert LIVELY.times(1) == LIVELY
