"""Pretrained weights: from the folder, or by download into it; read without running what a pickle may hold."""

from __future__ import annotations

import errno
import hashlib
import re
from http.client import HTTPException
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ml.errors import MissingWeightsError, RunError
from ml.offline import ultralytics_nets

FROM_SCRATCH = ", or let the project train from scratch (project settings)"


def copy_matching(net: nn.Module, state: dict[str, Tensor]) -> None:
    """Load every tensor of the same name and shape; only the head may be left out.

    Raise RunError when the file belongs to another net.
    """
    own = net.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    if len(own) - len(fitting) > 4:
        raise RunError("The file of pretrained weights belongs to another model; please fetch it again.")
    net.load_state_dict({**own, **fitting})


def weights_file(url: str, folder: Path, title: str, name: str = "", instead: str = FROM_SCRATCH) -> Path:
    """Return the local file for `url`, called `name` or as there, downloading it if it is not in the folder yet.

    Raise MissingWeightsError when it is not to be had, as for an empty `url`; `instead` ends the sentence.
    """
    name = name or url.rsplit("/", 1)[-1]
    path = folder / name
    expected = _hash_prefix(name)
    if not path.exists():
        _download(url, path, title, instead)
    elif expected and not sha256_of(path).startswith(expected):
        raise RunError(f"{name} in {folder} is damaged: its hash is not the one in its name.")
    return path


def _download(url: str, path: Path, title: str, instead: str) -> None:
    """Fetch the file whole or not at all; its hash is checked where the name tells it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not url:
            raise FileNotFoundError(path)
        torch.hub.download_url_to_file(url, str(path), _hash_prefix(path.name), progress=False)
    except (OSError, HTTPException, RuntimeError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise
        raise MissingWeightsError(
            f"{title} needs its pretrained weights, and they cannot be downloaded: put {path.name} into "
            f"{path.parent}{instead}."
        ) from error


def _hash_prefix(name: str) -> str | None:
    """Torchvision's files carry the start of their sha256 in the name: `resnet50-11ad3fa6.pth`."""
    match = re.search(r"-([0-9a-f]{8,})\.pth$", name)
    return match.group(1) if match else None


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def yolo_state(path: Path) -> dict[str, Tensor]:
    """Read an ultralytics checkpoint without running what a pickle may hold.

    Only classes of torch.nn and ultralytics.nn are let through, everything else makes torch refuse the file.
    """
    tasks = ultralytics_nets()
    from ultralytics.nn import modules  # noqa: PLC0415

    allowed: list[Any] = [
        thing
        for module in (nn, nn.modules, modules, tasks)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, nn.Module)
    ]
    try:
        with torch.serialization.safe_globals(allowed):
            checkpoint = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise RunError(f"{path.name} is no ultralytics checkpoint that can be read safely.") from error
    state: dict[str, Tensor] = (checkpoint.get("ema") or checkpoint["model"]).float().state_dict()
    return state
