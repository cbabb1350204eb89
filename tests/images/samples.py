"""Pictures and zips for tests, whole and broken."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from PIL import Image


@cache
def picture(number: int, size: tuple[int, int] = (24, 24), mode: str = "L", kind: str = "PNG") -> bytes:
    """Return a smooth picture, quite another one for each number."""
    return save(drawn(number, size, mode), kind)


def drawn(number: int, size: tuple[int, int] = (24, 24), mode: str = "L") -> Image.Image:
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC).convert(mode)


def save(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def zip_of(files: dict[str, bytes] | Iterable[tuple[str | zipfile.ZipInfo, bytes]], **options: Any) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data)
    return stream.getvalue()


def some(count: int, first: int = 0) -> dict[str, bytes]:
    return {f"{i:03d}.png": picture(first + i) for i in range(count)}
