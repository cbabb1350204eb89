"""When labelers count as agreeing, and how often they do. Pure: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

UNCLEAR = -1
Probabilities = NDArray[np.float32]
"""`[N, K]`, rows summing to 1."""


def agreed_class(probabilities: Sequence[Probabilities]) -> NDArray[np.int64]:
    """Return for each image the class that every labeler puts first, or UNCLEAR. The founding rule."""
    votes = np.stack([p.argmax(1) for p in probabilities])
    return np.where((votes == votes[0]).all(0), votes[0], UNCLEAR)


def cross_table(first: Probabilities, second: Probabilities) -> NDArray[np.int64]:
    """Return `[K, K]`: images that the first labeler (rows) and the second (columns) put into each class."""
    classes = first.shape[1]
    flat = first.argmax(1) * classes + second.argmax(1)
    return np.bincount(flat, minlength=classes * classes).reshape(classes, classes)


def joint_doubt(probabilities: Sequence[Probabilities]) -> NDArray[np.float32]:
    """Return 0..1 an image: the entropy of the labelers' mean opinion, 1 when it is even over all classes.

    "Vote entropy" of Dagan and Engelson (1995) in its soft form, as in Settles' survey of active learning.
    """
    mean = np.mean(np.stack(probabilities), axis=0).clip(1e-12, 1)
    entropy: NDArray[np.float32] = -(mean * np.log(mean)).sum(1) / np.log(mean.shape[1])
    return entropy.astype(np.float32)
