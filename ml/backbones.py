"""The nets by name, from torchvision and ultralytics, as plain modules that give logits."""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ml.contract import WeightsPolicy
from ml.errors import MissingWeightsError, RunError
from ml.offline import ultralytics_nets
from ml.small_maps import use_products_for_small_maps

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
YOLO_ASSETS = "https://github.com/ultralytics/assets/releases/download/v8.4.0/"


@dataclass(frozen=True)
class Backbone:
    """One net of the registry."""

    name: str
    title: str
    build: Callable[[int], nn.Module]
    """Untrained, with so many outputs."""
    load: Callable[[nn.Module, Path], None]
    """Fill all but the head with pretrained weights, from the folder or else by download into it."""
    mean: tuple[float, float, float]
    """What the pretrained weights expect to be subtracted, of values 0..1 …"""
    std: tuple[float, float, float]
    """… and divided by."""


class YoloClassifier(nn.Module):
    """ultralytics' classification net; its head gives a pair in evaluation, we want the logits alone."""

    def __init__(self, variant: str, outputs: int) -> None:
        super().__init__()
        tasks = ultralytics_nets()
        self.net = tasks.ClassificationModel(tasks.yaml_model_load(f"{variant}.yaml"), nc=outputs, verbose=False)

    def forward(self, images: Tensor) -> Tensor:
        output = self.net(images)
        logits: Tensor = output[1] if isinstance(output, tuple) else output
        return logits


def _torchvision(name: str, title: str) -> Backbone:
    def build(outputs: int) -> nn.Module:
        from torchvision.models import get_model  # noqa: PLC0415  slow to import

        net: nn.Module = get_model(name, weights=None, num_classes=outputs)
        return net

    def load(net: nn.Module, folder: Path) -> None:
        from torchvision.models import get_model_weights  # noqa: PLC0415

        url = get_model_weights(name).DEFAULT.url
        copy_matching(net, torch.load(_weights_file(url, folder, title), weights_only=True))

    return Backbone(name, title, build, load, IMAGENET_MEAN, IMAGENET_STD)


def _yolo(name: str, title: str) -> Backbone:
    def build(outputs: int) -> nn.Module:
        return YoloClassifier(name, outputs)

    def load(net: nn.Module, folder: Path) -> None:
        assert isinstance(net, YoloClassifier)  # noqa: S101  built above
        state = _yolo_state(_weights_file(f"{YOLO_ASSETS}{name}.pt", folder, title))
        copy_matching(net.net, state)

    return Backbone(name, title, build, load, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


BACKBONES = {
    backbone.name: backbone
    for backbone in (
        _torchvision("resnet18", "ResNet18"),
        _torchvision("resnet50", "ResNet50"),
        _torchvision("resnet101", "ResNet101"),
        _torchvision("mobilenet_v3_small", "MobileNetV3 small"),
        _torchvision("mobilenet_v3_large", "MobileNetV3 large"),
        _yolo("yolov8n-cls", "YOLOv8n"),
        _yolo("yolov8m-cls", "YOLOv8m"),
    )
}


def get_backbone(name: str) -> Backbone:
    if name not in BACKBONES:
        raise RunError(f"There is no model named {name}; there are {', '.join(BACKBONES)}.")
    return BACKBONES[name]


def build_net(name: str, outputs: int, weights: WeightsPolicy, weights_dir: Path, seed: int) -> nn.Module:
    """Return the net, initialised from `seed`, with pretrained weights under its new head if asked for.

    Raise MissingWeightsError when they are neither in the folder nor to be downloaded.
    """
    torch.manual_seed(seed)
    net = empty_net(name, outputs)
    if weights == "pretrained":
        get_backbone(name).load(net, weights_dir)
    return net


def empty_net(name: str, outputs: int) -> nn.Module:
    """Return the net with whatever weights its family starts from."""
    net = get_backbone(name).build(outputs)
    use_products_for_small_maps(net)
    return net


def copy_matching(net: nn.Module, state: dict[str, Tensor]) -> None:
    """Load every tensor of the same name and shape; only the head may be left out.

    Raise RunError when the file belongs to another net.
    """
    own = net.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    if len(own) - len(fitting) > 4:
        raise RunError("The file of pretrained weights belongs to another model; please fetch it again.")
    net.load_state_dict({**own, **fitting})


def _weights_file(url: str, folder: Path, title: str) -> Path:
    """Return the local file for `url`, downloading it if it is not in the folder yet."""
    name = url.rsplit("/", 1)[-1]
    path = folder / name
    expected = _hash_prefix(name)
    if not path.exists():
        _download(url, path, title)
    elif expected and not _sha256(path).startswith(expected):
        raise RunError(f"{name} in {folder} is damaged: its hash is not the one in its name.")
    return path


def _download(url: str, path: Path, title: str) -> None:
    """Fetch the file whole or not at all; its hash is checked where the name tells it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), _hash_prefix(path.name), progress=False)
    except (OSError, HTTPException, RuntimeError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise
        raise MissingWeightsError(
            f"{title} needs its pretrained weights, and they cannot be downloaded: put {path.name} into "
            f"{path.parent}, or let the project train from scratch (project settings)."
        ) from error


def _hash_prefix(name: str) -> str | None:
    """Torchvision's files carry the start of their sha256 in the name: `resnet50-11ad3fa6.pth`."""
    match = re.search(r"-([0-9a-f]{8,})\.pth$", name)
    return match.group(1) if match else None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _yolo_state(path: Path) -> dict[str, Tensor]:
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
