"""Pictures as the browser gets them: decoded and encoded anew, so that no uploaded byte is ever served."""

from __future__ import annotations

import io

from PIL import Image

from ml import pixels

SIZES = range(16, 2049)
FASTEST = 1
"""zlib level: tiny pictures hardly shrink more, and an annotator waits for this."""


def to_png(data: bytes, size: int | None = None) -> bytes:
    """Return the exact pixels, or a smaller copy whose longest side is `size`.

    Raise UnreadableImageError.
    """
    picture = pixels.decode(data)
    if size is not None and size < max(picture.size):
        picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    return encode_png(picture)


def encode_png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.info.clear()
    picture.save(stream, "PNG", compress_level=FASTEST)
    return stream.getvalue()
