"""A trained model as a folder that anybody can open: `model.safetensors` and `config.json`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn

from ml.data import Normalisation
from ml.rundir import atomic_path, write_text

WEIGHTS, CONFIG = "model.safetensors", "config.json"
FORMAT = "squint-model-1"


@dataclass(frozen=True)
class ModelConfig:
    """All that it takes to use the weights."""

    name: str
    title: str
    classes: list[str]
    positive: int
    """Index of the class whose probability is *the score*."""
    outputs: int
    """Logits: 1 for a binary head, else one a class."""
    input_size: int
    norm: Normalisation
    sha256: str
    """Of `model.safetensors`."""
    trained: dict[str, Any] = field(default_factory=dict)
    """Settings, seed, weights policy, epochs, data and code that made it."""
    threshold: float | None = None
    """A score from here on says positive, as chosen by who has it in use; None: nobody has. For two classes."""
    format: str = FORMAT


def save_model(folder: Path, net: nn.Module, config: ModelConfig) -> ModelConfig:
    """Write the folder and return the config with the weights' hash; the config is written last."""
    tensors = {key: value.detach().cpu().contiguous() for key, value in net.state_dict().items()}
    with atomic_path(folder / WEIGHTS) as temporary:
        save_file(tensors, temporary)
        digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
    whole = ModelConfig(**{**vars(config), "sha256": digest})
    write_text(folder / CONFIG, json.dumps(asdict(whole), indent=2))
    return whole


def read_config(text: str) -> ModelConfig:
    """Raise ValueError, TypeError or KeyError for anything that `save_model` did not write."""
    data = json.loads(text)
    if data["format"] != FORMAT:
        raise ValueError(data["format"])
    return ModelConfig(**{**data, "norm": Normalisation(**{k: tuple(v) for k, v in data["norm"].items()})})
