"""Sheets: many tiny pictures in one, so that a page of tiles is one request."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from app.images.rendering import encode_png
from ml import pixels

LARGEST_IN_SHEET = 96
MOST_IN_SHEET = 120
COLUMNS = 12


def draw_sheet(pictures: Sequence[bytes | None], side: int) -> tuple[bytes, list[int]]:
    """Return a PNG of square cells of `side` pixels, `COLUMNS` a row, and the numbers of cells left empty.

    Each picture stands in the middle of its cell with its exact pixels. A cell is left empty when its picture is
    None or cannot be read.
    """
    decoded = [_decode(data) for data in pictures]
    grey = all(picture is None or picture.mode == "L" for picture in decoded)
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("LA" if grey else "RGBA", (min(len(pictures), COLUMNS) * side, rows * side))
    for number, picture in enumerate(decoded):
        if picture is not None:
            left = number % COLUMNS * side + (side - picture.width) // 2
            top = number // COLUMNS * side + (side - picture.height) // 2
            sheet.paste(picture.convert(sheet.mode), (left, top))
    return encode_png(sheet), [number for number, picture in enumerate(decoded) if picture is None]


def _decode(data: bytes | None) -> Image.Image | None:
    try:
        return pixels.decode(data or b"")
    except pixels.UnreadableImageError:
        return None
