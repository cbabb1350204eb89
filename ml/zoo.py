"""Which models there are, by name: told without torch, so that the app can offer and check them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Entry:
    """A model that the form offers."""

    name: str
    title: str
    millions: float
    """Parameters with one output, in millions."""
    default: bool = False
    """Quick enough, and different enough, to be compared unless somebody chooses otherwise."""


ZOO = (
    Entry("compact", "Compact", 0.1, default=True),
    Entry("yolov8n-cls", "YOLOv8n", 1.4, default=True),
    Entry("mobilenet_v3_small", "MobileNetV3 small", 1.5, default=True),
    Entry("efficientnet_b0", "EfficientNet-B0", 4.0),
    Entry("mobilenet_v3_large", "MobileNetV3 large", 4.2),
    Entry("yolov8s-cls", "YOLOv8s", 5.1),
    Entry("resnet18", "ResNet18", 11.2, default=True),
    Entry("yolov8m-cls", "YOLOv8m", 15.8),
    Entry("resnet50", "ResNet50", 23.5),
    Entry("resnet101", "ResNet101", 42.5),
    Entry("vgg11", "VGG-11", 128.8),
    Entry("vgg16", "VGG-16", 134.3),
)
NAMES = tuple(entry.name for entry in ZOO)
FOUNDING_PAIR = ("resnet50", "yolov8n-cls")
"""The founding report's two labelers."""
DEFAULT = tuple(entry.name for entry in ZOO if entry.default)

_TORCHVISION = """
    alexnet convnext_base convnext_large convnext_small convnext_tiny densenet121 densenet161
    densenet169 densenet201 efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3
    efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7 efficientnet_v2_l
    efficientnet_v2_m efficientnet_v2_s googlenet inception_v3 maxvit_t mnasnet0_5 mnasnet0_75
    mnasnet1_0 mnasnet1_3 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_16gf
    regnet_x_1_6gf regnet_x_32gf regnet_x_3_2gf regnet_x_400mf regnet_x_800mf regnet_x_8gf
    regnet_y_128gf regnet_y_16gf regnet_y_1_6gf regnet_y_32gf regnet_y_3_2gf regnet_y_400mf
    regnet_y_800mf regnet_y_8gf resnet101 resnet152 resnet18 resnet34 resnet50 resnext101_32x8d
    resnext101_64x4d resnext50_32x4d shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5
    shufflenet_v2_x2_0 squeezenet1_0 squeezenet1_1 swin_b swin_s swin_t swin_v2_b swin_v2_s
    swin_v2_t vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn vit_b_16 vit_b_32 vit_h_14
    vit_l_16 vit_l_32 wide_resnet101_2 wide_resnet50_2
"""
TORCHVISION = frozenset(_TORCHVISION.split())
"""torchvision's classification models: any of them can be trained by its name there."""


def file_name(name: str) -> str:
    """Return the model's name as any file system takes it."""
    return re.sub(r"[^\w.-]", "-", name)


def find_unknown(names: Iterable[str]) -> str | None:
    """Return a sentence about the first name that is no model's; None when all are known."""
    known = {*NAMES, *TORCHVISION}
    for name in names:
        if name not in known:
            near = get_close_matches(name, sorted(known), n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(NAMES)}."
            return f"There is no model named {name}; {hint}"
    return None
