"""The map's page and what it is drawn from."""

from __future__ import annotations

import numpy as np
from sqlalchemy import update

from app.images.packing import build_pack
from app.models import Image, Project
from ml.likeness import MAP
from tests.conftest import SignIn
from tests.images.conftest import Shelf, one_database
from tests.images.samples import drawn, picture, save


def draw(shelf: Shelf, places: list[list[float]]) -> None:
    pack = build_pack(shelf.database, shelf.settings, shelf.project).pack
    np.save(f"{pack.path}/{MAP}", np.float32([[row, *at] for row, at in enumerate(places)]))


def test_each_image_has_its_place_its_label_and_its_picture(shelf: Shelf, sign_in: SignIn):
    shelf.take({"a.png": picture(1), "b.png": picture(2), "large.png": save(drawn(3, (120, 90)))})
    draw(shelf, [[0.9, 0.9], [0.1, 0.2], [0.5, 0.5]])
    a, b, large = shelf.images()
    with shelf.database.write() as session:
        closed, opened = session.get_one(Project, shelf.project).classes
        settled = {"state": "settled", "class_id": opened.id, "label_source": "review"}
        session.execute(update(Image).where(Image.id == a.id).values(**settled))
    found = sign_in("admin").get(f"/projects/{shelf.project}/images/map/points").json()
    assert found["id"] == [b.id, large.id, a.id]
    assert (found["x"], found["y"]) == ([0.1, 0.5, 0.9], [0.2, 0.5, 0.9])
    assert [found["states"][n] for n in found["state"]] == ["new", "new", "settled"]
    assert found["class"] == [-1, -1, 1]
    assert [c["name"] for c in found["classes"]] == [closed.name, opened.name]
    assert found["cell"] == [[0, 0], None, [0, 1]]
    assert f"ids={b.id},{a.id}" in found["sheets"][0]
    assert found["content"][2] == a.sha256[:12]


@one_database
def test_images_that_came_later_or_are_gone_are_no_reason_to_stumble(shelf: Shelf, sign_in: SignIn):
    shelf.take({"a.png": picture(1), "b.png": picture(2)})
    draw(shelf, [[0.1, 0.1], [0.2, 0.2]])
    shelf.take({"c.png": picture(3)})
    client = sign_in("admin")
    found = client.get(f"/projects/{shelf.project}/images/map/points").json()
    assert found["name"] == ["a.png", "b.png"]
    assert 'data-total="3"' in client.get(f"/projects/{shelf.project}/images/map").text


@one_database
def test_where_there_is_no_map_the_page_says_why(shelf: Shelf, sign_in: SignIn):
    client = sign_in("admin")
    address = f"/projects/{shelf.project}/images/map"
    assert "a project of the founding recipe has no map" in client.get(address).text
    with shelf.database.write() as session:
        session.get_one(Project, shelf.project).recipe = "squint"
    assert "There are no images yet." in client.get(address).text
    shelf.take({"a.png": picture(1)})
    assert "from the first answer on" in client.get(address).text
    assert client.get(f"{address}/points").json()["id"] == []
