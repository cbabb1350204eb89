"""From the bytes of an image file to pixels: the one way, for the page and for training alike."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "MPO")
"""Rare decoders are where holes are found (faults: Pillow's FITS and PSD), so the list is short."""
PNG_START = b"\x89PNG"
STARTS = (b"\xff\xd8\xff", PNG_START, b"RIFF", b"BM")
"""The first bytes of the accepted formats."""
MOST_EXIF = 1_000_000
"""Bytes."""
MOST_TEXT = 4_000_000
"""Bytes of text chunks that a PNG may carry beside its pixels, in processes that open what a stranger sent."""
MAX_SIDE = 16_384
MAX_PIXELS = 50_000_000
Kind = TypeVar("Kind", bound=Hashable)


class UnreadableImageError(ValueError):
    """The message is one plain sentence for a person."""


def decode(data: bytes) -> Image.Image:
    """Return an `L` or `RGB` picture, turned as EXIF says, first frame of an animation.

    Grey stays grey; transparency is laid on black; 16 bits become 8; CMYK and palettes become RGB.
    Raise UnreadableImageError for anything that is not a whole image of an accepted format and size.
    """
    return _decode(data)[0]


def decode_strictly(data: bytes) -> tuple[Image.Image, list[str]]:
    """Decode as `decode` does, for a file that is new here: PNG checksums are checked too.

    The notes are sentences on what was left out of the picture.
    """
    if data.startswith(PNG_START):
        with _in_plain_words(data), Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
            check_size(*opened.size)
            opened.verify()
    return _decode(data)


def _decode(data: bytes) -> tuple[Image.Image, list[str]]:
    with _in_plain_words(data), Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        check_size(*opened.size)
        _check_exif(opened)
        opened.load()
        notes = _notes(opened)
        return _to_8_bit(_upright(opened)), notes


@contextmanager
def _in_plain_words(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises on hostile bytes into an UnreadableImageError."""
    try:
        yield
    except (UnreadableImageError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise UnreadableImageError(
            f"The picture has far more than {MAX_PIXELS // 1_000_000} megapixels."
        ) from None
    except Exception as error:
        raise UnreadableImageError(_complaint(data)) from error


def _check_exif(image: Image.Image) -> None:
    if len(image.info.get("exif", b"")) > MOST_EXIF:
        raise UnreadableImageError("The picture carries far too much EXIF data.")


def _complaint(data: bytes) -> str:
    if not data:
        return "The file is empty."
    if data.startswith(STARTS):
        return "The picture is damaged or cut off."
    return "This is not a JPEG, PNG, WebP or BMP picture."


def _notes(image: Image.Image) -> list[str]:
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        return ["An animation; only its first picture is used."]
    return []


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  a broken EXIF block says nothing about the pixels
        return image


def check_size(width: int, height: int) -> None:
    """Raise UnreadableImageError when a side or the area is over the limit."""
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise UnreadableImageError(
            f"The picture is {width} × {height} pixels; the limit is {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 1_000_000} megapixels."
        )


def _to_8_bit(image: Image.Image) -> Image.Image:
    if image.mode in {"I;16", "I;16B", "I;16L", "I"}:
        wide = np.asarray(image).astype(np.uint32)
        return Image.fromarray((wide >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        return _on_black(image)
    if image.mode == "L":
        return image.copy()
    return image.convert("L" if image.mode == "1" else "RGB")


def _on_black(image: Image.Image) -> Image.Image:
    grey = image.mode in {"L", "LA", "La", "1"}
    seen = image.convert("RGBA")
    black = Image.new("RGBA", seen.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, seen).convert("L" if grey else "RGB")


def pack(images: Iterable[Image.Image], size: tuple[int, int], *, grey: bool) -> NDArray[np.uint8]:
    """Stack pictures as `[N, H, W, C]`; one of another size is scaled to `size` (width, height), bilinear."""
    mode = "L" if grey else "RGB"
    rows = []
    for image in images:
        picture = image if image.mode == mode else image.convert(mode)
        if picture.size != size:
            picture = picture.resize(size, Image.Resampling.BILINEAR)
        rows.append(np.asarray(picture, dtype=np.uint8))
    width, height = size
    stacked = np.stack(rows) if rows else np.zeros((0, height, width), np.uint8)
    return stacked.reshape(len(rows), height, width, 1 if grey else 3)


def rows_by(kinds: Sequence[Kind]) -> dict[Kind, list[int]]:
    """Return where each kind stands: pictures of one kind can be stacked."""
    rows: dict[Kind, list[int]] = {}
    for index, kind in enumerate(kinds):
        rows.setdefault(kind, []).append(index)
    return rows


def digest(packed: NDArray[np.uint8]) -> str:
    """Name a pack `[N, H, W, C]` by its shape and pixels."""
    told = hashlib.sha256(repr(packed.shape).encode())
    told.update(np.ascontiguousarray(packed).data)
    return told.hexdigest()


def load_pack(folder: Path) -> NDArray[np.uint8]:
    """Memory-map a pack's pixels, read-only, uint8 `[N, H, W, C]`."""
    pixels: NDArray[np.uint8] = np.load(folder / "pixels.npy", mmap_mode="r")
    return pixels
