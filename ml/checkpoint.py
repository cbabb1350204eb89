"""A training frozen between two epochs: safetensors and JSON, whole or absent, never a pickle.

Shuffling, augmentation and dropout draw from seeds made of (run seed, epoch), so no generator state is kept, and
a resumed training gives what an uninterrupted one would have given.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from ml.rundir import atomic_path

LOG = logging.getLogger(__name__)
SAVING_SHARE = 0.05


@dataclass
class TrainState:
    """How far a training is, besides its tensors."""

    epoch: int = 0
    """Finished epochs."""
    best_epoch: int = 0
    best_loss: float = float("inf")
    """Lowest validation loss so far; infinite before the first epoch."""
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    """One entry an epoch: train_loss, train_accuracy, val_loss, val_accuracy."""


def save_checkpoint(
    path: Path, state: TrainState, net: nn.Module, best: dict[str, Tensor], optimizer: Optimizer, identity: str
) -> None:
    """Write everything that resuming needs; `identity` names the manifest and settings it belongs to."""
    tensors = {f"net.{k}": v.contiguous() for k, v in net.state_dict().items()}
    tensors |= {f"best.{k}": v.contiguous() for k, v in best.items()}
    groups = optimizer.state_dict()
    for index, values in groups["state"].items():
        tensors |= {f"optimizer.{index}.{k}": v.contiguous() for k, v in values.items() if isinstance(v, Tensor)}
    write_tensors(path, tensors, identity, state=json.dumps(asdict(state)))


def load_checkpoint(
    path: Path, net: nn.Module, optimizer: Optimizer, identity: str
) -> tuple[TrainState, dict[str, Tensor]] | None:
    """Fill `net` and `optimizer` and return (state, best tensors); None when there is nothing to resume.

    A damaged file, or one that another manifest or other settings made, counts as nothing; the log says so.
    """
    stored = read_tensors(path, identity)
    if stored is None:
        return None
    tensors, metadata = stored
    net.load_state_dict(_under(tensors, "net."))
    fill_optimizer(optimizer, _under(tensors, "optimizer."))
    return TrainState(**json.loads(metadata["state"])), _under(tensors, "best.")


def write_tensors(path: Path, tensors: dict[str, Tensor], identity: str, **metadata: str) -> None:
    """Write a file that `read_tensors` knows again by its identity, whole or not at all."""
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, {**metadata, "identity": identity, "sha256": digest_of(tensors)})


def read_tensors(path: Path, identity: str) -> tuple[dict[str, Tensor], dict[str, str]] | None:
    """Return tensors and metadata; a damaged file, or one of another identity, is None, and the log says so."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as stored:
            metadata = stored.metadata() or {}
            tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118  not a dict
    except (SafetensorError, OSError) as error:
        LOG.warning("%s cannot be read and is not resumed: %s", path.name, error)
        return None
    if metadata.get("identity") != identity or metadata.get("sha256") != digest_of(tensors):
        LOG.warning("%s is damaged or belongs to another run, and is not resumed.", path.name)
        return None
    return tensors, metadata


def next_checkpoint_at(began: float, ended: float, every_s: float) -> float:
    """Saving costs the training no more than `SAVING_SHARE` of its time, unless every epoch is to be kept."""
    return ended + max(every_s, (ended - began) / SAVING_SHARE if every_s else 0)


def identity_of(*told: Any) -> str:
    """Return a name for what a file comes from: images and settings, as JSON knows them."""
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def digest_of(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key in sorted(tensors):
        digest.update(key.encode())
        digest.update(tensors[key].detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def fill_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put the tensors in the memory order of their parameters: the fused step pairs them by address."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        like = parameters[int(index)]
        fitting = torch.empty_like(like).copy_(value) if value.shape == like.shape else value
        state.setdefault(int(index), {})[name] = fitting
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
