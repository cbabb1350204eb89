"""From logits to the loss, the answer and the probabilities: one logit for a binary head, else one a class."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def loss_of(
    logits: Tensor, targets: Tensor, *, smoothing: float = 0.0, class_weights: Tensor | None = None
) -> Tensor:
    """Return the mean loss of logits `[B, 1]` (binary cross-entropy) or `[B, K]` (cross-entropy).

    `targets`: int64 `[B]`. `smoothing`: share of every target that is spread over all classes. `class_weights`:
    float32 `[K]`.
    """
    if logits.shape[1] > 1:
        return F.cross_entropy(logits, targets, class_weights, label_smoothing=smoothing)
    wanted = targets.float() * (1 - smoothing) + smoothing / 2
    if class_weights is None:
        return F.binary_cross_entropy_with_logits(logits[:, 0], wanted)
    weights = class_weights[targets]
    losses = F.binary_cross_entropy_with_logits(logits[:, 0], wanted, reduction="none")
    return (losses * weights).sum() / weights.sum()


def predicted(logits: Tensor) -> Tensor:
    return (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(1)


def probabilities(logits: Tensor) -> Tensor:
    """`[B, K]`; a single logit is the second class's."""
    if logits.shape[1] == 1:
        second = torch.sigmoid(logits)
        return torch.cat([1 - second, second], dim=1)
    return torch.softmax(logits, dim=1)


def balanced_weights(labels: Tensor, classes: int) -> Tensor:
    """Return float32 `[classes]`, by which every class counts the same in all; 0 for one without labels."""
    counts = torch.bincount(labels, minlength=classes).float()
    return torch.where(counts > 0, len(labels) / (classes * counts.clamp(min=1)), 0.0)
