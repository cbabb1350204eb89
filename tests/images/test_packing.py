from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.errors import BadInputError
from app.images import packing
from app.images.packing import PackedImages, Shape, build_pack, common_shape
from app.images.queries import StoredImage
from ml.pixels import load_pack
from tests.images.conftest import Shelf, one_database
from tests.images.samples import drawn, picture, save, some


def pack(shelf: Shelf) -> PackedImages:
    return build_pack(shelf.database, shelf.settings, shelf.project)


def test_a_pack_holds_every_image_as_it_is_in_the_order_of_the_ids(shelf: Shelf):
    files = some(300)
    shelf.take(files)
    built = pack(shelf)
    images = shelf.images()
    assert built.image_ids == [image.id for image in images]
    assert built.sha256 == [image.sha256 for image in images]
    assert built.groups == [image.group_key for image in images]
    pixels = load_pack(Path(built.pack.path))
    assert pixels.shape == (300, 24, 24, 1)
    for image, row in zip(images, pixels, strict=True):
        assert np.array_equal(row[..., 0], np.asarray(Image.open(io.BytesIO(files[image.name]))))


@one_database
def test_a_pack_is_built_once_for_a_set_of_images(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    shelf.take(some(3))
    first = pack(shelf)
    monkeypatch.setattr(packing, "_build", None)
    assert pack(shelf) == first


@one_database
def test_new_images_make_a_new_pack_and_only_the_one_before_stays(shelf: Shelf):
    built = []
    for count in (1, 2, 3, 4):
        shelf.take(some(count))
        built.append(pack(shelf))
    assert len({one.pack.sha256 for one in built}) == 4
    assert {path.name for path in (shelf.settings.packs_dir / str(shelf.project)).iterdir()} == {
        Path(one.pack.path).name for one in built[-2:]
    }


@one_database
def test_a_pack_that_failed_leaves_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    shelf.take(some(2))
    monkeypatch.setattr(packing, "_publish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pack(shelf)
    assert list((shelf.settings.packs_dir / str(shelf.project)).iterdir()) == []


@one_database
def test_pictures_of_many_sizes_become_one_square_and_colour_stays(shelf: Shelf):
    shelf.take({"grey.png": picture(1, (30, 20)), "colour.png": save(drawn(2, (500, 100), "RGB"))})
    pixels = load_pack(Path(pack(shelf).pack.path))
    assert pixels.shape == (2, 224, 224, 3)


@one_database
def test_a_project_without_images_has_no_pack(shelf: Shelf):
    with pytest.raises(BadInputError, match="no images"):
        pack(shelf)


@one_database
def test_a_project_of_which_nothing_is_left_has_no_pack(shelf: Shelf):
    shelf.take({"large.png": save(Image.effect_noise((700, 700), 90))})
    next(path for path in shelf.settings.blobs_dir.rglob("*") if path.is_file()).unlink()
    with pytest.raises(BadInputError, match="No image of the project can be read"):
        pack(shelf)


def stored(width: int, height: int, *, grey: bool = True) -> StoredImage:
    return StoredImage(1, hashlib.sha256(b"").hexdigest(), width, height, grey, "")


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        ([stored(24, 24), stored(24, 24)], Shape(24, 24, grey=True)),
        ([stored(60, 36), stored(60, 36)], Shape(60, 36, grey=True)),
        ([stored(24, 24), stored(24, 24, grey=False)], Shape(24, 24, grey=False)),
        ([stored(24, 24), stored(30, 20)], Shape(30, 30, grey=True)),
        ([stored(300, 300), stored(300, 300)], Shape(224, 224, grey=True)),
    ],
)
def test_small_images_of_one_size_stay_as_they_are(images: list[StoredImage], shape: Shape):
    assert common_shape(images) == shape
