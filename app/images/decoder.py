"""A child process that decodes pictures one after the other: what a hostile file breaks is only this.

`python -m app.images.decoder DESCRIPTOR MEMORY_BYTES`: the first message says that the child is up; then the
socket brings the sizes of some pictures and all their bytes, and takes a list of descriptions back, again and
again. The parent kills a child that takes too long.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection

import imagehash
import numpy as np
from PIL import Image, PngImagePlugin

from ml import pixels


@dataclass(frozen=True)
class Description:
    """What an import keeps of a decoded picture."""

    width: int = 0
    height: int = 0
    grey: bool = False
    difference_hash: str = ""
    """imagehash's dHash, 64 bits in hex."""
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    """Why the file was set aside; then nothing else counts."""


def describe(data: bytes) -> Description:
    try:
        picture, notes = pixels.decode_strictly(data)
    except pixels.UnreadableImageError as error:
        return Description(problem=str(error))
    except MemoryError:
        return Description(problem="The picture needs too much memory to decode.")
    if 1 in picture.size:
        notes = [*notes, f"The picture is only {picture.width} × {picture.height} pixels."]
    return Description(
        width=picture.width,
        height=picture.height,
        grey=is_grey(picture),
        difference_hash=str(imagehash.dhash(picture)),
        notes=notes,
    )


def is_grey(picture: Image.Image) -> bool:
    """Whether no pixel has a colour, however the file stores it."""
    if picture.mode == "L":
        return True
    rgb = np.asarray(picture)
    return bool((rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all())


def limit_memory(extra_bytes: int) -> None:
    """Let this process grow by `extra_bytes` from where it is now."""
    with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
        now_bytes = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now_bytes + extra_bytes, now_bytes + extra_bytes))


def serve(connection: Connection) -> None:
    connection.send_bytes(b'"up"')
    while True:
        try:
            sizes = json.loads(connection.recv_bytes())
        except EOFError:
            return
        batch = io.BytesIO(connection.recv_bytes())
        answers = [asdict(describe(batch.read(size))) for size in sizes]
        connection.send_bytes(json.dumps(answers).encode())


def main() -> None:
    descriptor, memory_bytes = (int(argument) for argument in sys.argv[1:3])
    PngImagePlugin.MAX_TEXT_MEMORY = pixels.MOST_TEXT
    if sys.platform == "linux":
        limit_memory(memory_bytes)
    serve(Connection(descriptor))


if __name__ == "__main__":
    main()
