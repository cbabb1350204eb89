"""timm's models by the name they have there, weights from a file in the weights folder or fetched into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from ml.backbone_spec import Backbone
from ml.data import Normalisation
from ml.errors import RunError
from ml.settings import default_input_size
from ml.weights import copy_matching, weights_file

HUB = "https://huggingface.co/{}/resolve/main/model.safetensors"
LARGEST_SIDE = 224
"""A net made for larger pictures sees ours at this side: its positions are stretched to fit."""


def timm_backbone(name: str, title: str) -> Backbone:
    """Return the net that timm calls `name`; raise RunError where it knows none."""
    import timm  # noqa: PLC0415  an extra, and slow to import

    called = name.removeprefix("timm:")
    known = timm.get_pretrained_cfg(called) if timm.is_model(called) else None
    if known is None:
        near = timm.list_models(f"*{called.split('.')[0]}*")[:2]
        raise RunError(f"timm has no model named {called}" + (f"; it has {' and '.join(near)}." if near else "."))
    fixed = min(known.input_size[-1], LARGEST_SIDE) if known.fixed_input_size else 0

    def build(outputs: int, side: int) -> nn.Module:
        return _create(called, outputs, **({"img_size": side} if fixed else {}))

    def load(net: nn.Module, folder: Path) -> None:
        tag = f".{known.tag}" if known.tag else ""
        url, name = HUB.format(known.hf_hub_id), f"{known.architecture}{tag}.safetensors"
        file = weights_file(url, folder, title, name)
        sized = {"img_size": net.patch_embed.img_size[0]} if fixed else {}  # type: ignore[union-attr, index]
        loaded = _create(called, 1, pretrained=True, pretrained_cfg_overlay={"file": str(file)}, **sized)
        copy_matching(net, loaded.state_dict())

    def side_for(longest: int, enlarge: int) -> int:
        return fixed or default_input_size(longest, enlarge)

    return Backbone(name, title, build, load, Normalisation(known.mean, known.std), side_for)


def _create(name: str, outputs: int, **more: Any) -> nn.Module:
    import timm  # noqa: PLC0415

    net: nn.Module = timm.create_model(name, num_classes=outputs, **more)
    return net
