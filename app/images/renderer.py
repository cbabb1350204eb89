"""A child process that renders large pictures for the browser, so that the web process keeps its memory.

`python -m app.images.renderer DESCRIPTOR MEMORY_BYTES`: the socket brings the wanted size (0: as it is) and a
picture's bytes, and takes a PNG back, or nothing when it cannot be had.
"""

from __future__ import annotations

import json
import sys
from multiprocessing.connection import Connection

from app.images.decoder import limit_memory
from app.images.rendering import to_png
from ml.pixels import UnreadableImageError


def serve(connection: Connection) -> None:
    while True:
        try:
            size = json.loads(connection.recv_bytes())
            data = connection.recv_bytes()
        except EOFError:
            return
        try:
            png = to_png(data, size or None)
        except (UnreadableImageError, MemoryError):
            png = b""
        connection.send_bytes(png)


if __name__ == "__main__":
    if sys.platform == "linux":
        limit_memory(int(sys.argv[2]))
    serve(Connection(int(sys.argv[1])))
