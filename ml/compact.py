"""A compact net for small pictures: 0.1 million parameters, 24 to 64 pixels, grey or colour."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

FEATURES = 128
SMALLEST, LARGEST = 24, 64
"""Sides in pixels between which the net works at the pictures' own size."""
HALVED_FROM = 41
"""From this side on the first layer halves the picture: the rest then costs what it costs on half the side."""


def side_for(height: int, width: int) -> int:
    """Return the side of the square that the net sees, in pixels."""
    return min(max(height, width, SMALLEST), LARGEST)


class CompactNet(nn.Module):
    """Five convolutional stages, mean and maximum pooled, then one linear layer."""

    def __init__(self, channels: int, outputs: int, side: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _stage(channels, 16, stride=2 if side >= HALVED_FROM else 1),
            _stage(16, 32, stride=2),
            _Residual(32),
            _stage(32, 64, stride=2),
            _Residual(64),
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(FEATURES, outputs)

    def features(self, images: Tensor) -> Tensor:
        """Return float32 `[B, FEATURES]` for standardised images `[B, C, S, S]`."""
        maps = self.body(images)
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits `[B, outputs]`."""
        logits: Tensor = self.head(self.dropout(self.features(images)))
        return logits


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _stage(channels, channels, stride=1)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, maps: Tensor) -> Tensor:
        return F.relu(maps + self.second(self.first(maps)))
