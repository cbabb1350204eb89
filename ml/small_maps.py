"""Convolutions of maps of few pixels, as one matrix product.

Deep in a net made for 224 px, a picture of 24 px is a map of 4, 2 or 1 pixels a side under kernels of millions
of weights. The CPU's convolution then spends its time on rearranging weights, most of which meet only padding:
a step of ResNet50 at 32 px takes half the time this way. Same weights, same result but for rounding.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

SMALL = 4 * 4
"""Pixels of a map up to which the product is faster (ResNet18 and 50, batches of 16 and of 256)."""


def use_products_for_small_maps(net: nn.Module) -> None:
    """Let the net's plain convolutions choose the product by themselves; its parameters stay as they are."""
    for module in net.modules():
        if type(module) is nn.Conv2d and _is_plain(module):
            module.__class__ = SmallMapConv2d


class SmallMapConv2d(nn.Conv2d):
    """A square, undilated, ungrouped convolution without bias."""

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        if height * width > SMALL or images.device.type != "cpu":
            return super().forward(images)
        return as_product(images, self.weight, self.stride[0], int(self.padding[0]))


def _is_plain(conv: nn.Conv2d) -> bool:
    sizes = (conv.kernel_size, conv.stride, conv.padding)
    square = all(not isinstance(size, str) and len(set(size)) == 1 for size in sizes)
    return square and conv.groups == 1 and conv.bias is None and set(conv.dilation) == {1}


def as_product(images: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """Return the convolution of `[B, C, H, W]`, with zero padding, as `[B, O, H', W']`, channels last."""
    side = weight.shape[-1]
    height, width = ((size + 2 * padding - side) // stride + 1 for size in images.shape[-2:])
    # In this order a slice's gradient has the memory layout of the channels-last weight, and is not copied again.
    kernel, pixels = weight.permute(0, 2, 3, 1), images.permute(0, 2, 3, 1)
    if height == width == 1:
        pixels = pixels[:, : side - padding, : side - padding]
        met = kernel[:, padding : padding + pixels.shape[1], padding : padding + pixels.shape[2]]
        return F.linear(pixels.flatten(1), met.flatten(1))[:, :, None, None]
    padded = F.pad(pixels, (0, 0, padding, padding, padding, padding))
    patches = padded.unfold(1, side, stride).unfold(2, side, stride).permute(0, 1, 2, 4, 5, 3)
    return F.linear(patches.flatten(3), kernel.flatten(1)).permute(0, 3, 1, 2)
