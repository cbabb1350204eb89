"""A child process that scores pictures: what a hostile one breaks is only this.

`python -m ml.answering DESCRIPTOR`: the first message says that the child is up; then the socket brings a model's
path with the sizes of some pictures, and all their bytes, and takes back one answer a picture, again and again.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from collections import OrderedDict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from ml.errors import DamagedModelError
from ml.onnx_model import OnnxModel
from ml.pixels import MOST_TEXT, UnreadableImageError, decode_strictly

MODELS_HELD = 3
THREADS = 1
"""The web page and a training run on the same cores."""
NICENESS = 5
MEMORY_BYTES = 6 << 30


class Models:
    """Opened models, the ones asked last."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, int], OnnxModel] = OrderedDict()

    def open(self, path: str) -> OnnxModel:
        key = (path, Path(path).stat().st_mtime_ns)
        if key not in self._held:
            self._held[key] = OnnxModel(Path(path), THREADS)
        self._held.move_to_end(key)
        while len(self._held) > MODELS_HELD:
            self._held.popitem(last=False)
        return self._held[key]


def answer(model: OnnxModel, pictures: list[bytes]) -> list[dict[str, Any]]:
    """Return `{"probabilities": […]}` for every picture, or `{"problem": …}` for one that cannot be read."""
    answers: list[dict[str, Any]] = [{} for _ in pictures]
    read: dict[int, Image.Image] = {}
    for place, data in enumerate(pictures):
        try:
            read[place] = decode_strictly(data)[0]
        except UnreadableImageError as error:
            answers[place] = {"problem": str(error)}
        except MemoryError:
            answers[place] = {"problem": "The picture needs too much memory to decode."}
    for place, row in zip(read, model.predict(list(read.values())), strict=True):
        answers[place] = {"probabilities": [round(float(value), 6) for value in row]}
    return answers


def serve(connection: Connection) -> None:
    models = Models()
    connection.send_bytes(b'"up"')
    while True:
        try:
            asked = json.loads(connection.recv_bytes())
            batch = io.BytesIO(connection.recv_bytes())
        except EOFError:
            return
        pictures = [batch.read(size) for size in asked["sizes"]]
        try:
            said: dict[str, Any] = {"answers": answer(models.open(asked["model"]), pictures)}
        except (DamagedModelError, OSError):
            said = {"failure": "The model’s ONNX file is damaged or gone; please make it again."}
        connection.send_bytes(json.dumps(said).encode())


def main() -> None:
    PngImagePlugin.MAX_TEXT_MEMORY = MOST_TEXT
    os.nice(NICENESS)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
