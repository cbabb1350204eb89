"""A convolution as a matrix product is the same convolution."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ml.small_maps import SmallMapConv2d, use_products_for_small_maps

KINDS = [(1, 1, 0), (1, 2, 0), (3, 1, 1), (3, 2, 1), (5, 1, 2), (7, 2, 3)]


@pytest.mark.parametrize("side", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("kernel", "stride", "padding"), KINDS)
def test_result_and_gradients_are_the_convolutions(kernel: int, stride: int, padding: int, side: int):
    torch.manual_seed(0)
    plain = nn.Conv2d(8, 6, kernel, stride, padding, bias=False).double()
    product = nn.Sequential(nn.Conv2d(8, 6, kernel, stride, padding, bias=False)).double()
    product[0].load_state_dict(plain.state_dict())
    use_products_for_small_maps(product)
    assert isinstance(product[0], SmallMapConv2d)
    images = torch.rand(3, 8, side, side, dtype=torch.double)
    expected, given = plain(images), product(images)
    torch.testing.assert_close(given, expected)
    expected.square().sum().backward()
    given.square().sum().backward()
    torch.testing.assert_close(product[0].weight.grad, plain.weight.grad)


def test_other_convolutions_stay_as_they_are():
    kinds = [
        nn.Conv2d(4, 4, 3, groups=4, bias=False),
        nn.Conv2d(4, 4, 3, dilation=2, bias=False),
        nn.Conv2d(4, 4, (3, 1), bias=False),
        nn.Conv2d(4, 4, 3, padding="same", bias=False),
        nn.Conv2d(4, 4, 3),
    ]
    net = nn.ModuleList(kinds)
    use_products_for_small_maps(net)
    assert [type(module) for module in net] == [nn.Conv2d] * len(kinds)
