"""An exported ONNX file, asked by onnxruntime: no torch, so that it answers within a second of its start."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.errors import DamagedModelError
from ml.pixels import decode, rows_by
from ml.portable import THRESHOLD

if TYPE_CHECKING:
    from ml.model_folder import ModelConfig

FORMAT = "squint-onnx-1"
AT_ONCE = 64
QUIET = 3
"""onnxruntime's errors are told, its warnings not."""


@dataclass(frozen=True)
class OnnxConfig:
    """What the file says of itself."""

    title: str
    classes: list[str]
    positive: int
    """Index of the class whose probability is *the score*."""
    sha256: str
    """Of the weights that it was made from."""
    threshold: float | None
    """As in `ModelConfig`."""


def describe(config: ModelConfig) -> dict[str, str]:
    """Return what the file is to say of itself, as ONNX keeps it: words by words."""
    return {
        "format": FORMAT,
        "title": config.title,
        "classes": json.dumps(config.classes),
        "positive": str(config.positive),
        "sha256": config.sha256,
        "input": "images: uint8 [N, H, W, 3], RGB, any size; scaling and normalisation are inside",
        "output": "probabilities: float32 [N, classes]; score: float32 [N], of the positive class",
    }


class OnnxModel:
    """The file, ready to answer; asked as `ml.predict.Model` is."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Raise OSError for no file, DamagedModelError for one that Squint has not exported.

        `threads`: 0 means all cores.
        """
        import onnxruntime  # noqa: PLC0415  it takes a second, and not every command asks a model

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = QUIET
        path.stat()  # a file that is not there is the system's to tell
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            self.config = _read(self._session.get_modelmeta().custom_metadata_map)
        except Exception as error:
            raise DamagedModelError(f"{path} is not an ONNX model exported by Squint.") from error

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return `[N, K]` for pictures `[N, H, W, 3]`."""
        found: NDArray[np.float32] = self._session.run(["probabilities"], {"images": images})[0]
        return found

    def predict(self, pictures: Sequence[str | Path | Image.Image]) -> NDArray[np.float32]:
        """Return probabilities `[N, K]`, columns in the order of `config.classes`.

        Raise OSError for a file that cannot be opened, ml.pixels.UnreadableImageError for one that is no picture.
        """
        opened = [_as_array(picture) for picture in pictures]
        scores = np.zeros((len(opened), len(self.config.classes)), np.float32)
        for rows in rows_by([image.shape for image in opened]).values():
            for start in range(0, len(rows), AT_ONCE):
                part = rows[start : start + AT_ONCE]
                scores[part] = self.probabilities(np.stack([opened[row] for row in part]))
        return scores


def _as_array(picture: str | Path | Image.Image) -> NDArray[np.uint8]:
    image = picture if isinstance(picture, Image.Image) else decode(Path(picture).read_bytes())
    return np.asarray(image.convert("RGB"), np.uint8)


def _read(told: dict[str, Any]) -> OnnxConfig:
    if told["format"] != FORMAT:
        raise ValueError(told["format"])
    threshold = float(told[THRESHOLD]) if THRESHOLD in told else None
    return OnnxConfig(
        told["title"], json.loads(told["classes"]), int(told["positive"]), told["sha256"], threshold
    )
