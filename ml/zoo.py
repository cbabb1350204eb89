"""Which models there are, by name: told without torch, so that the app can offer and check them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec


@dataclass(frozen=True)
class Entry:
    """A model that the form offers."""

    name: str
    title: str
    millions: float
    """Parameters with one output, in millions."""
    default: bool = False
    """Quick enough, and different enough, to be compared unless somebody chooses otherwise."""
    extra: str = ""
    """The extra of Squint that has to be installed for it."""


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
    Entry("features:compact+logreg", "Compact features, logistic regression", 0.1),
    Entry("features:compact+svm", "Compact features, SVM", 0.1),
    Entry("features:compact+kmeans", "Compact features, clusters", 0.1),
    Entry("features:resnet18+svm", "ResNet18 features, SVM", 11.2),
    Entry("features:resnet18+knn", "ResNet18 features, k-NN", 11.2),
    Entry("features:dinov2+logreg", "DINOv2 features, logistic regression", 21.6, extra="foundation"),
    Entry("clip:ViT-B-32", "CLIP ViT-B-32, zero-shot", 87.8, extra="foundation"),
)
NAMES = tuple(entry.name for entry in ZOO)
HEADS = {"svm": "SVM", "logreg": "logistic regression", "knn": "k-NN", "kmeans": "clusters"}
"""What stands after the features of a frozen net, by its name in `features:NET+HEAD`."""
LONGEST_NAME = 60
"""What tables hold of a name and of a title."""
ZERO_SHOT = ", zero-shot"
DINOV2 = "timm:vit_small_patch14_dinov2"
LIBRARIES = {"timm:": ("timm", "timm"), "clip:": ("open_clip", "foundation")}
"""By the start of a name: the library that has the net, and the extra of Squint that brings it."""
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


def parse_features(name: str) -> tuple[str, str] | None:
    """Return net and head of `features:NET+HEAD`; None for any other name."""
    found = re.fullmatch(r"features:(.+)\+(\w+)", name)
    if found is None or found.group(2) not in HEADS:
        return None
    return DINOV2 if found.group(1) == "dinov2" else found.group(1), found.group(2)


def is_taught_by_gradient(name: str) -> bool:
    """Whether the model has training settings: frozen features and zero-shot models have none."""
    return parse_features(name) is None and not name.startswith("clip:")


def title_of(name: str) -> str:
    """Return the model's name for people."""
    if entry := next((entry for entry in ZOO if entry.name == name), None):
        return entry.title
    if parsed := parse_features(name):
        title = f"{title_of(parsed[0]).removesuffix(ZERO_SHOT)} features, {HEADS[parsed[1]]}"
        return title if len(title) <= LONGEST_NAME else name
    return f"CLIP {name[5:]}{ZERO_SHOT}" if name.startswith("clip:") else name.removeprefix("timm:")


def find_unknown(names: Iterable[str]) -> str | None:
    """Return a sentence about the first name that is no model's, or whose library is missing; None if all can be.

    Which nets timm and open_clip have is theirs to say, when the run builds them.
    """
    return next((sentence for name in names if (sentence := find_missing_library(name) or _unknown(name))), None)


def find_missing_library(name: str) -> str | None:
    """Return a sentence where the model's library is an extra that is not installed."""
    extra = find_missing_extra(name)
    return f"{name} needs the extra {extra}: pip install 'squint[{extra}]'." if extra else None


def find_missing_extra(name: str) -> str | None:
    """Return the extra of Squint that has to be installed before the model can be trained."""
    net = _net_of(name)
    missing = (
        extra
        for start, (library, extra) in LIBRARIES.items()
        if net.startswith(start) and find_spec(library) is None
    )
    return next(missing, None)


def _net_of(name: str) -> str:
    parsed = parse_features(name)
    return parsed[0] if parsed else name


def _unknown(name: str) -> str | None:
    net = _net_of(name)
    if len(name) > LONGEST_NAME:
        return f"The name of a model has at most {LONGEST_NAME} characters, unlike {name[:20]}…"
    if net in TORCHVISION or (net in NAMES and ":" not in net) or re.fullmatch(r"(timm|clip):[\w.-]+", net):
        return None
    near = get_close_matches(name, sorted({*NAMES, *TORCHVISION}), n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(NAMES)}."
    return f"There is no model named {name}; {hint}"
