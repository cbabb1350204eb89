"""What a trained net says of images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml.data import Images, Normalisation, Rows, batches, normalise
from ml.device import reduced_precision
from ml.errors import NotFiniteError
from ml.losses import probabilities

SCORING_BATCH = 256


@torch.inference_mode()
def score(
    images: Images,
    norm: Normalisation,
    net: nn.Module,
    rows: Rows,
    told: Callable[[int], None] = lambda _count: None,
) -> NDArray[np.float32]:
    """Return probabilities float32 `[len(rows), K]`, rows summing to 1; `told` hears of every batch's size.

    Raise NotFiniteError when the net gives anything but numbers.
    """
    net.eval()
    parts: list[NDArray[np.float32]] = []
    for part in batches(rows, SCORING_BATCH):
        with reduced_precision(images.device):
            logits = net(normalise(images.batch(part), norm))
        parts.append(probabilities(logits.float()).cpu().numpy())
        told(len(part))
    scores = np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
    if not np.isfinite(scores).all():
        raise NotFiniteError("A trained model gave scores that are not numbers; it was not kept.")
    return scores
