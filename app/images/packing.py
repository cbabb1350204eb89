"""The pack: all of a project's images, decoded once into one array that training reads by memory map."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.config import Settings
from app.db import Database
from app.errors import BadInputError
from app.images.queries import StoredImage, bytes_of, list_stored_images, read_rows
from app.languages import gettext as _
from app.parts import in_parts
from app.storage import BlobStore, MissingBlobError
from ml import pixels
from ml.contract import Pack
from ml.likeness import IMAGE_IDS
from ml.rundir import fsync_folder

LARGEST_SIDE = 224
IMAGES_A_STEP = 256
PACKS_KEPT = 2
"""The newest, and the one before: a run that resumes still finds what it began with."""
PIXELS = "pixels.npy"


@dataclass(frozen=True)
class Shape:
    """How every image of a pack is stored."""

    width: int
    height: int
    grey: bool


@dataclass(frozen=True)
class PackedImages:
    """A pack and, row by row, what its images are."""

    pack: Pack
    image_ids: list[int]
    sha256: list[str]
    groups: list[str]
    left_out: list[int]
    """Ids of images whose file is missing, altered or unreadable: nothing is ever trained on them."""


def build_pack(database: Database, settings: Settings, project_id: int) -> PackedImages:
    """Return the project's pack, decoding only when there is none of exactly these images.

    Raise BadInputError when the project has no readable image. Of older packs only the newest is kept.
    """
    with database.read() as session:
        images = list_stored_images(session, project_id)
    if not images:
        raise BadInputError(_("The project has no images yet."))
    shape = common_shape(images)
    folder = settings.packs_dir / str(project_id)
    kept = images
    if not (folder / _name(images, shape) / PIXELS).exists():
        kept = _build(database, BlobStore(settings.blobs_dir), folder, images, shape)
    target = folder / _name(kept, shape)
    os.utime(target)
    _remove_old(folder)
    kept_ids = {image.id for image in kept}
    return PackedImages(
        pack=Pack(path=str(target), sha256=_digest(kept, shape)),
        image_ids=[image.id for image in kept],
        sha256=[image.sha256 for image in kept],
        groups=[image.group_key for image in kept],
        left_out=[image.id for image in images if image.id not in kept_ids],
    )


def common_shape(images: Sequence[StoredImage]) -> Shape:
    """The images' own size where all have one and it is small; else a square that fits most."""
    grey = all(image.grey for image in images)
    width, height = images[0].width, images[0].height
    same = all((image.width, image.height) == (width, height) for image in images)
    if same and max(width, height) <= LARGEST_SIDE:
        return Shape(width, height, grey)
    side = min(LARGEST_SIDE, max(max(image.width, image.height) for image in images))
    return Shape(side, side, grey)


def _digest(images: Sequence[StoredImage], shape: Shape) -> str:
    lines = [f"{shape.width}x{shape.height}x{1 if shape.grey else 3}", *(image.sha256 for image in images)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _name(images: Sequence[StoredImage], shape: Shape) -> str:
    return _digest(images, shape)[:24]


def _build(
    database: Database, store: BlobStore, folder: Path, images: list[StoredImage], shape: Shape
) -> list[StoredImage]:
    """Write the pack under its name, whole or not at all; return the images that are in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".", ignore_cleanup_errors=True) as temporary:
        draft = Path(temporary) / "pack"
        draft.mkdir()
        kept: list[StoredImage] = []
        array = _create(draft / PIXELS, len(images), shape)
        for image, row in _rows(database, store, images, shape):
            array[len(kept)] = row
            kept.append(image)
        if not kept:
            raise BadInputError(_("No image of the project can be read any more."))
        if len(kept) < len(images):
            array = _shorten(array, draft / PIXELS, len(kept), shape)
        array.flush()
        np.save(draft / IMAGE_IDS, np.array([image.id for image in kept], np.int64))
        _publish(draft, folder / _name(kept, shape))
    return kept


def _create(path: Path, count: int, shape: Shape) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    size = (count, shape.height, shape.width, 1 if shape.grey else 3)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=size)


def _shorten(
    array: NDArray[np.uint8], path: Path, count: int, shape: Shape
) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    path.unlink()
    shorter = _create(path, count, shape)
    for start in range(0, count, IMAGES_A_STEP):
        shorter[start : start + IMAGES_A_STEP] = array[start : min(count, start + IMAGES_A_STEP)]
    return shorter


def _rows(
    database: Database, store: BlobStore, images: list[StoredImage], shape: Shape
) -> Iterator[tuple[StoredImage, NDArray[np.uint8]]]:
    """Decode on all cores; leave out what cannot be had."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for step in in_parts(images, IMAGES_A_STEP):
            with database.read() as session:
                data = read_rows(session, [image.sha256 for image in step])
            decoded = threads.map(lambda image: _pixels(store, image.sha256, data, shape), step)  # noqa: B023
            yield from ((i, row) for i, row in zip(step, decoded, strict=True) if row is not None)


def _pixels(
    store: BlobStore, sha256: str, rows: Mapping[str, bytes | None], shape: Shape
) -> NDArray[np.uint8] | None:
    try:
        picture = pixels.decode(bytes_of(store, sha256, rows))
    except (MissingBlobError, pixels.UnreadableImageError):
        return None
    row: NDArray[np.uint8] = pixels.pack([picture], (shape.width, shape.height), grey=shape.grey)[0]
    return row


def _publish(draft: Path, target: Path) -> None:
    for name in (PIXELS, IMAGE_IDS):
        with (draft / name).open("rb") as stream:
            os.fsync(stream.fileno())
    fsync_folder(draft)
    if not target.exists():
        draft.rename(target)
        fsync_folder(target.parent)
    elif not (target / PIXELS).exists():
        # As a backup leaves a pack: with all that was learnt from it, but without its pixels.
        (draft / PIXELS).rename(target / PIXELS)
        fsync_folder(target)


def _remove_old(folder: Path) -> None:
    packs = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for path in sorted(packs, key=lambda path: path.stat().st_mtime, reverse=True)[PACKS_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
