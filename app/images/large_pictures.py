"""Large pictures are rendered once, by a child process, and kept in a folder that may be emptied at any time."""

from __future__ import annotations

import threading
from pathlib import Path

from app.images.children import Child, ChildDiedError
from app.images.limits import UPLOAD
from ml.pixels import UnreadableImageError
from ml.rundir import atomic_path

RENDERER = "app.images.renderer"
LARGE = 1_000_000
"""Pixels above which a picture is not decoded in the web process."""


class LargePictures:
    """One child for all requests; they take turns."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._child: Child | None = None

    def png(self, folder: Path, sha256: str, data: bytes, size: int | None) -> bytes:
        """Return the picture as `app.images.rendering.to_png` does; raise UnreadableImageError."""
        kept = folder / sha256[:2] / f"{sha256}-{size or 0}.png"
        if kept.exists():
            return kept.read_bytes()
        with self._turn:
            png = self._render(data, size)
        with atomic_path(kept) as temporary:
            temporary.write_bytes(png)
        return png

    def _render(self, data: bytes, size: int | None) -> bytes:
        self._child = self._child or Child(RENDERER, UPLOAD.decode_bytes)
        try:
            self._child.send_json(size or 0)
            self._child.send(data)
            png = self._child.receive(UPLOAD.decode_seconds)
        except (ChildDiedError, TimeoutError):
            self.close()
            png = b""
        if not png:
            raise UnreadableImageError("The picture cannot be decoded.")
        return png

    def close(self) -> None:
        if self._child:
            self._child.close()
            self._child = None
