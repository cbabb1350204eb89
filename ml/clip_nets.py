"""CLIP by open_clip: it answers by the classes' names, without having seen a label; or lends its features."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from safetensors import SafetensorError
from torch import Tensor, nn

from ml.backbone_spec import Backbone
from ml.checkpoint import TrainState
from ml.data import Normalisation
from ml.engine import Task, evaluate
from ml.errors import RunError
from ml.report import TRAINING_COST, Reporter
from ml.weights import weights_file

HUB = "https://huggingface.co/{}/resolve/main/open_clip_model.safetensors"
FAVOURITE_DATA = ("laion2b", "datacomp", "")
"""Which of a model's weights are taken, by the start of their tag."""
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
TEMPLATES = ("a photo of {}.", "a close-up photo of {}.", "a cropped photo of {}.")
GREY = ("a black and white photo of {}.", "a grayscale close-up photo of {}.")
"""For pictures without colour, which are shown as three equal channels."""


class ZeroShot(nn.Module):
    """The image tower, and the directions in which the classes' names lie."""

    words: Tensor
    scale: Tensor

    def __init__(self, name: str, outputs: int) -> None:
        super().__init__()
        self.name = name
        self.body: nn.Module = open_clip_model(name).visual
        self.register_buffer("words", torch.zeros(outputs, _config(name)["embed_dim"]))
        self.register_buffer("scale", torch.ones(()))
        self.whole: list[nn.Module] = []
        """The pretrained model with its text tower, until the names are read; in a list: no part of this net."""

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.scale * F.normalize(self.body(images), dim=1) @ self.words.T
        return logits


def clip_backbone(name: str, title: str) -> Backbone:
    """Return CLIP as a classifier; raise RunError where open_clip knows no such model."""
    called = name.removeprefix("clip:")
    size = _config(called)["vision_cfg"]["image_size"]

    def build(outputs: int, _side: int) -> nn.Module:
        return ZeroShot(called, outputs)

    def load(net: nn.Module, folder: Path) -> None:
        whole = open_clip_model(called)
        _fill(whole, called, folder, title)
        tower = net.body if isinstance(net, ZeroShot) else net
        tower.load_state_dict(whole.visual.state_dict())
        if isinstance(net, ZeroShot):
            net.whole = [whole]

    return Backbone(
        name, title, build, load, Normalisation(MEAN, DEVIATION), lambda _side, _enlarge: size,
        never_scratch=True, teach=read_names,
    )  # fmt: skip


def open_clip_model(name: str) -> Any:
    import open_clip  # noqa: PLC0415  an extra, and slow to import

    return open_clip.create_model(name, pretrained=None)


def read_names(task: Task, net: nn.Module, reporter: Reporter, _series: str) -> TrainState:
    """Turn the classes' names into directions; no label is looked at but to say how well that does."""
    import open_clip  # noqa: PLC0415

    assert isinstance(net, ZeroShot)  # noqa: S101  built above
    began = time.monotonic()
    whole: Any = net.whole.pop()
    templates = [*TEMPLATES, *(GREY if task.images.pixels.shape[-1] == 1 else ())]
    words = open_clip.build_zero_shot_classifier(
        whole.eval(), open_clip.get_tokenizer(net.name), list(task.classes), templates
    )
    net.words.copy_(words.T)
    net.scale.copy_(whole.logit_scale.exp())
    net.to(task.images.device)
    entry = evaluate(task, net, task.validate)
    reporter.skip(task.settings.epochs * len(task.train) * TRAINING_COST)
    return TrainState(1, 1, entry["val_loss"], time.monotonic() - began, [entry])


def _fill(whole: Any, name: str, folder: Path, title: str) -> None:
    from open_clip.factory import load_checkpoint  # noqa: PLC0415

    path = weights_file(_address(name), folder, title, f"clip-{name}.safetensors", instead="")
    try:
        load_checkpoint(whole, str(path), weights_only=True)
    except (RuntimeError, SafetensorError) as error:
        raise RunError(f"{path.name} in {folder} does not hold the weights of {title}.") from error


def _address(name: str) -> str:
    """Return where the weights are published, by the favourite of their tags; empty where nowhere."""
    import open_clip  # noqa: PLC0415

    hubs = {
        tag: open_clip.get_pretrained_cfg(name, tag).get("hf_hub", "")
        for tag in open_clip.list_pretrained_tags_by_model(name)
    }
    found = [hub for data in FAVOURITE_DATA for tag, hub in hubs.items() if tag.startswith(data) and hub]
    return HUB.format(found[0].rstrip("/")) if found else ""


def _config(name: str) -> dict[str, Any]:
    import open_clip  # noqa: PLC0415

    config: dict[str, Any] | None = open_clip.get_model_config(name)
    if config is None:
        raise RunError(f"open_clip has no model named {name}; it has {', '.join(open_clip.list_models()[:3])} …")
    return config
