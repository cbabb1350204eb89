"""The nets by name, whichever library they come from, as plain modules that give logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml import compact
from ml.backbone_spec import IMAGENET, Backbone
from ml.clip_nets import clip_backbone
from ml.contract import Manifest, WeightsPolicy
from ml.data import OWN, Normalisation
from ml.errors import MissingLibraryError, RunError
from ml.offline import ultralytics_nets
from ml.report import Reporter
from ml.settings import default_input_size
from ml.small_maps import use_products_for_small_maps
from ml.timm_nets import timm_backbone
from ml.weights import copy_matching, weights_file, yolo_state
from ml.zoo import find_missing_library, find_unknown, parse_features, title_of

NOTHING = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
YOLO_ASSETS = "https://github.com/ultralytics/assets/releases/download/v8.4.0/"
COMPACT_DROPOUT = 0.2
FIXED_SIDES = {"vit_": 224, "maxvit_t": 224, "inception_v3": 96, "alexnet": 64}
"""Nets, by the start of their name, that know only this side, in pixels, or fail below it."""


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


def weights_address(name: str) -> str:
    """Return where a net of torchvision or ultralytics has its pretrained weights; its end is the file's name."""
    if name.startswith("yolo"):
        return f"{YOLO_ASSETS}{name}.pt"
    from torchvision.models import get_model_weights  # noqa: PLC0415  slow to import

    address: str = get_model_weights(name).DEFAULT.url
    return address


def _torchvision(name: str, title: str) -> Backbone:
    fixed = next((side for start, side in FIXED_SIDES.items() if name.startswith(start)), None)

    def build(outputs: int, _side: int) -> nn.Module:
        from torchvision.models import get_model  # noqa: PLC0415  slow to import

        helpers = {"aux_logits": False} if name in {"googlenet", "inception_v3"} else {}
        net: nn.Module = get_model(name, weights=None, num_classes=outputs, **helpers)
        return net

    def load(net: nn.Module, folder: Path) -> None:
        copy_matching(net, torch.load(weights_file(weights_address(name), folder, title), weights_only=True))

    def side_for(longest: int, enlarge: int) -> int:
        return fixed or default_input_size(longest, enlarge)

    return Backbone(name, title, build, load, IMAGENET, side_for)


def _yolo(name: str, title: str) -> Backbone:
    def build(outputs: int, _side: int) -> nn.Module:
        return YoloClassifier(name, outputs)

    def load(net: nn.Module, folder: Path) -> None:
        assert isinstance(net, YoloClassifier)  # noqa: S101  built above
        copy_matching(net.net, yolo_state(weights_file(weights_address(name), folder, title)))

    return Backbone(name, title, build, load, NOTHING)


def _compact(title: str) -> Backbone:
    def build(outputs: int, side: int) -> nn.Module:
        return compact.CompactNet(channels=3, outputs=outputs, side=side, dropout=COMPACT_DROPOUT)

    def load(_net: nn.Module, _folder: Path) -> None:
        """Nobody has trained it before."""

    def side_for(longest: int, _enlarge: int) -> int:
        return compact.side_for(longest, longest)

    return Backbone("compact", title, build, load, OWN, side_for, pretrained=False, from_pile=_recalled)


def _recalled(net: nn.Module, manifest: Manifest, pixels: NDArray[np.uint8], _reporter: Reporter) -> bool:
    from ml.pile import recall_pile  # noqa: PLC0415  it takes more of the program than a net does

    return recall_pile(net, manifest, pixels)


def get_backbone(name: str) -> Backbone:
    """Return what is called so, in the zoo or in a library; raise RunError where there is none."""
    if missing := find_missing_library(name):
        raise MissingLibraryError(missing)
    if sentence := find_unknown([name]):
        raise RunError(sentence)
    title = title_of(name)
    if parsed := parse_features(name):
        from ml.features import features_backbone  # noqa: PLC0415  it takes more of the program than a net does

        return features_backbone(name, title, get_backbone(parsed[0]), parsed[1])
    if name.startswith("timm:"):
        return timm_backbone(name, title)
    if name.startswith("clip:"):
        return clip_backbone(name, title)
    if name == "compact":
        return _compact(title)
    return _yolo(name, title) if name.startswith("yolo") else _torchvision(name, title)


def build_net(
    name: str, outputs: int, side: int, weights: WeightsPolicy, weights_dir: Path, seed: int
) -> nn.Module:
    """Return the net, initialised from `seed`, with pretrained weights under its new head if asked for.

    Raise MissingWeightsError when they are neither in the folder nor to be downloaded.
    """
    torch.manual_seed(seed)
    net = empty_net(name, outputs, side)
    if weights == "pretrained":
        get_backbone(name).load(net, weights_dir)
    return net


def empty_net(name: str, outputs: int, side: int) -> nn.Module:
    """Return the net with whatever weights its family starts from."""
    net = get_backbone(name).build(outputs, side)
    use_products_for_small_maps(net)
    return net
