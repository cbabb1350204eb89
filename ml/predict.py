"""Use a trained model: `load_model("model.zip").score(["eye.jpg"])` gives numbers from 0 to 1."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from ml.backbones import get_backbone
from ml.data import Images
from ml.device import pick_device
from ml.errors import DamagedModelError, MissingLibraryError, RunError
from ml.model_folder import CONFIG, WEIGHTS, ModelConfig, read_config
from ml.pixels import decode, pack, rows_by
from ml.scoring import score
from ml.small_maps import use_products_for_small_maps


class Model:
    """A trained classifier, ready to answer."""

    def __init__(self, net: nn.Module, config: ModelConfig) -> None:
        self.config = config
        self._device = pick_device()
        self._net = net.to(self._device)

    def predict(self, pictures: Sequence[str | Path | Image.Image]) -> NDArray[np.float32]:
        """Return probabilities `[N, K]`, columns in the order of `config.classes`.

        Raise OSError for a file that cannot be opened, ml.pixels.UnreadableImageError for one that is no picture.
        """
        opened = [_open(picture) for picture in pictures]
        scores = np.zeros((len(opened), len(self.config.classes)), np.float32)
        for (mode, size), rows in rows_by([(image.mode, image.size) for image in opened]).items():
            pixels = pack([opened[row] for row in rows], size, grey=mode == "L")
            # Scaled to the net's size by the same interpolation as in training.
            images = Images(pixels, self.config.input_size, self._device)
            scores[rows] = score(images, self.config.norm, self._net, np.arange(len(rows)))
        return scores

    def score(self, pictures: Sequence[str | Path | Image.Image]) -> list[float]:
        """Return the probability of the positive class for each picture."""
        return [float(row[self.config.positive]) for row in self.predict(pictures)]


def _open(picture: str | Path | Image.Image) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture if picture.mode in {"L", "RGB"} else picture.convert("RGB")
    return decode(Path(picture).read_bytes())


def load_model(path: str | Path) -> Model:
    """Open a model folder, or a zip of one.

    Raise DamagedModelError for anything else: weights are read as safetensors only, and only when their hash is
    the one that the config names. Pickled files (`.pt`, `.pth`) are never opened.
    """
    net, config = open_net(path)
    use_products_for_small_maps(net)
    return Model(net, config)


def open_net(path: str | Path) -> tuple[nn.Module, ModelConfig]:
    """Return the net as its makers built it, with the trained weights; raise as `load_model`."""
    source = Path(path)
    try:
        text, weights = _from_zip(source) if source.is_file() else _from_folder(source)
        config = read_config(text)
    except (OSError, zipfile.BadZipFile, StopIteration, KeyError, TypeError, ValueError) as error:
        raise DamagedModelError(
            f"{source} is not a model exported by Squint: a folder or zip with {CONFIG} and {WEIGHTS}."
        ) from error
    if hashlib.sha256(weights).hexdigest() != config.sha256:
        raise DamagedModelError(f"The weights in {source} are not the ones that its {CONFIG} names.")
    return _fill(config, weights, source).eval(), config


def _fill(config: ModelConfig, weights: bytes, source: Path) -> nn.Module:
    try:
        net = get_backbone(config.name).build(config.outputs, config.input_size)
        net.load_state_dict(load(weights))
    except MissingLibraryError:
        raise
    except (RunError, RuntimeError, SafetensorError) as error:
        raise DamagedModelError(f"The weights in {source} do not fit the model that it names.") from error
    return net


def _from_folder(folder: Path) -> tuple[str, bytes]:
    return (folder / CONFIG).read_text("utf-8"), (folder / WEIGHTS).read_bytes()


def _from_zip(path: Path) -> tuple[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        config = next(name for name in archive.namelist() if Path(name).name == CONFIG)
        return archive.read(config).decode(), archive.read(config[: -len(CONFIG)] + WEIGHTS)
