"""What a net of the registry is, whichever library it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ml.checkpoint import TrainState
from ml.contract import Manifest
from ml.data import Normalisation
from ml.engine import Task
from ml.report import Reporter
from ml.settings import default_input_size

IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
Teach = Callable[[Task, nn.Module, Reporter, str], TrainState]
FromPile = Callable[[nn.Module, Manifest, NDArray[np.uint8], Reporter], bool]


@dataclass(frozen=True)
class Backbone:
    """One net of the registry."""

    name: str
    title: str
    build: Callable[[int, int], nn.Module]
    """Untrained, with so many outputs, for squares of so many pixels a side."""
    load: Callable[[nn.Module, Path], None]
    """Fill all but the head with pretrained weights, from the folder or else by download into it."""
    norm: Normalisation
    """What the pretrained weights expect."""
    side_for: Callable[[int, int], int] = default_input_size
    """The side that the net sees for images whose longest side is the first number, enlarged by the second."""
    pretrained: bool = True
    """Whether there are weights to start from; a net without them always keeps its `norm`."""
    never_scratch: bool = False
    """It knows only what it learnt elsewhere, whatever the project says of training from scratch."""
    from_pile: FromPile | None = None
    """Fill the body with what the project's own images teach without labels, and return whether that is known.

    None: it starts from elsewhere.
    """
    teach: Teach | None = None
    """How it learns the classes; None: by `ml.engine.fit_together`, with whatever head the settings want."""
