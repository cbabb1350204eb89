"""What the compact net said in an earlier round, kept beside the pack: learning it anew is most of a round.

An image answered since then is judged as before, by nets that had not seen its answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ml.checkpoint import read_tensors, write_tensors

Floats = NDArray[np.float32]
FILE = "compact.safetensors"
OUTDATED = 50
"""So many answers that are new or changed, and the net learns again."""


@dataclass(frozen=True)
class Judgement:
    said: Floats
    """Logits `[N, K]` by nets that learnt from all answers."""
    unseen: Floats
    """`[N, K]`: of images whose group has an answer, by a net that learnt from none of it; else as `said`."""
    taught: NDArray[np.int64]
    """`[N]`: the class index learnt from every image, -1 where there was none."""

    def of(self, answered: NDArray[np.int64]) -> Floats:
        """Return `[N, K]`: the `answered` rows judged without their own answers."""
        logits = self.said.copy()
        logits[answered] = self.unseen[answered]
        return logits

    def fits(self, taught: NDArray[np.int64], classes: int) -> bool:
        """Whether the answers are still nearly those that were learnt from."""
        return self.said.shape == (len(taught), classes) and int((self.taught != taught).sum()) < OUTDATED


@dataclass
class Memory:
    """Where the newest judgement is kept; the file is read once."""

    folder: Path
    """The pack's own."""
    identity: str
    """Of the images and of all settings that a judgement comes from."""
    _newest: Judgement | None = None

    def find(self) -> Judgement | None:
        """Return what was kept; a damaged file counts as nothing."""
        if self._newest is None and (stored := read_tensors(self.folder / FILE, self.identity)) is not None:
            self._newest = Judgement(**{name: tensor.numpy() for name, tensor in stored[0].items()})
        return self._newest

    def keep(self, judgement: Judgement) -> None:
        tensors = {name: torch.from_numpy(values) for name, values in vars(judgement).items()}
        write_tensors(self.folder / FILE, tensors, self.identity)
        self._newest = judgement
