from __future__ import annotations

import torch
from torchvision.transforms.v2.functional import gaussian_blur

from ml.augment import _gaussian, augment, blur


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
