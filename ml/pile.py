"""What a project's own images teach a compact net before anybody has labelled one, for whoever begins from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ml.compact import CompactNet
from ml.contract import Manifest
from ml.device import pick_device
from ml.labelers.squint import SquintSettings, pretraining_of
from ml.pretraining import Pretraining, find_pretrained, pretrain
from ml.report import Reporter
from ml.small import shrink

FIRST = "0.0.weight"
"""The compact body's first convolution."""


def learn_pile(net: nn.Module, manifest: Manifest, pixels: NDArray[np.uint8], reporter: Reporter) -> None:
    """Fill a compact net's body with what the images teach it; an earlier run may have learnt it."""
    task = _pretraining(manifest, pixels)
    reporter.total += task.work
    pretrain(task, reporter)
    recall_pile(net, manifest, pixels)


def recall_pile(net: nn.Module, manifest: Manifest, pixels: NDArray[np.uint8]) -> bool:
    """Fill a compact net's body with what an earlier run has learnt; return whether there was one.

    It helps where labels are few: 1,080 labelled eyes gave an EER of 3.6 % for 5.2 %; 2,880 gave 3.4 % on two
    folds, and 3.3 % on all five without it. The pictures come in three channels, equal where they are grey, so
    that a grey filter is shared out to three.
    """
    assert isinstance(net, CompactNet)  # noqa: S101  nothing else learns so
    known = find_pretrained(_pretraining(manifest, pixels))
    if known is None:
        return False
    if known[FIRST].shape[1] == 1:
        known = {**known, FIRST: known[FIRST].repeat(1, 3, 1, 1) / 3}
    net.body.load_state_dict(known)
    return True


def _pretraining(manifest: Manifest, pixels: NDArray[np.uint8]) -> Pretraining:
    images = shrink(pixels, pick_device())
    return pretraining_of(images, Path(manifest.pack.path), manifest.pack.sha256, SquintSettings())
