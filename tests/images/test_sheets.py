"""Many tiny pictures in one: each with its exact pixels, in its cell."""

from __future__ import annotations

import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image
from sqlalchemy import select, update

from app.images.queries import sheet_url
from app.images.sheets import COLUMNS, LARGEST_IN_SHEET
from app.models import Image as Images
from app.models import ImageBlob
from tests.conftest import SignIn
from tests.images.conftest import Shelf, one_database
from tests.images.samples import drawn, picture, save


def url_of(shelf: Shelf, names: list[str]) -> str:
    images = [shelf.by_name()[name] for name in names]
    return sheet_url(shelf.project, [image.id for image in images], [image.sha256 for image in images])


def sheet(client: TestClient, url: str) -> tuple[Image.Image, Response]:
    response = client.get(url)
    assert response.status_code == 200, response.text
    return Image.open(io.BytesIO(response.content)), response


def cell(picture: Image.Image, number: int, side: int, size: tuple[int, int]) -> Image.Image:
    left = number % COLUMNS * side + (side - size[0]) // 2
    top = number // COLUMNS * side + (side - size[1]) // 2
    return picture.crop((left, top, left + size[0], top + size[1]))


def test_each_picture_stands_in_its_cell_with_its_exact_pixels(shelf: Shelf, sign_in: SignIn):
    sizes = {"a.png": (24, 24), "b.png": (40, 12), "c.png": (7, 30)}
    pictures = {name: drawn(number, size, "RGB") for number, (name, size) in enumerate(sizes.items())}
    shelf.take({name: save(picture) for name, picture in pictures.items()})
    names = ["c.png", "a.png", "b.png"]
    shown, response = sheet(sign_in("admin"), url_of(shelf, names))
    assert (shown.size, response.headers["X-Squint-Side"]) == ((120, 40), "40")
    for number, name in enumerate(names):
        assert np.array_equal(cell(shown.convert("RGB"), number, 40, sizes[name]), pictures[name])


@one_database
def test_grey_pictures_come_as_a_grey_sheet_of_several_rows(shelf: Shelf, sign_in: SignIn):
    shelf.take({f"{i:02d}.png": picture(i) for i in range(COLUMNS + 2)})
    shown, _ = sheet(sign_in("admin"), url_of(shelf, sorted(shelf.by_name())))
    assert (shown.mode, shown.size) == ("LA", (COLUMNS * 24, 48))
    last = cell(shown.getchannel("L"), COLUMNS + 1, 24, (24, 24))
    assert np.array_equal(last, Image.open(io.BytesIO(picture(COLUMNS + 1))))


@one_database
def test_a_sheet_is_kept_for_ever_only_whole_and_under_its_contents_name(shelf: Shelf, sign_in: SignIn):
    shelf.take({"a.png": picture(1), "b.png": picture(2)})
    client, url = sign_in("admin"), url_of(shelf, ["a.png", "b.png"])
    assert client.get(url).headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert client.get(url.split("&")[0]).headers["Cache-Control"] == "private, no-store"
    with shelf.database.write() as session:
        of_b = ImageBlob.sha256 == shelf.by_name()["b.png"].sha256
        session.execute(update(ImageBlob).where(of_b).values(data=None))  # and no file in the blob folder
    response = client.get(url)
    assert response.headers["X-Squint-Empty"] == "1"
    assert response.headers["Cache-Control"] == "private, no-store"


@one_database
@pytest.mark.parametrize(
    ("ids", "status"),
    [("", 422), ("1,x", 422), ("-1", 422), ("1" * 20, 422), (",".join("1" * 121), 422), ("999", 404)],
)
def test_a_sheet_of_no_images_of_ours_is_refused(shelf: Shelf, sign_in: SignIn, ids: str, status: int):
    address = f"/projects/{shelf.project}/images/sheet.png?ids={ids}"
    assert sign_in("admin").get(address).status_code == status


@one_database
def test_a_sheet_shows_neither_another_projects_images_nor_large_ones(shelf: Shelf, sign_in: SignIn):
    shelf.take({"large.png": picture(1, (LARGEST_IN_SHEET + 1, 20))})
    with shelf.database.read() as session:
        strange = session.scalars(select(Images.id).where(Images.project_id == shelf.noise)).first()
    for image_id in (shelf.images()[0].id, strange):
        address = f"/projects/{shelf.project}/images/sheet.png?ids={image_id}"
        assert sign_in("admin").get(address).status_code == 404
