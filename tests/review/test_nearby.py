"""The help beside a hard image: near answered images, its group, and never an answer that is not to be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from app.config import Settings
from app.models import Image
from app.review.nearby import Known, by_features, nearest
from app.review.service import send_to_review
from ml.likeness import IMAGE_IDS, find_features, write_features
from tests.review.conftest import Room, Tab
from tests.web import on_sqlite


def beside(tab: Tab, *images: int) -> dict[int, dict]:
    ids = ",".join(map(str, images))
    response = tab.client.get(f"/projects/{tab.project}/nearby?ids={ids}")
    assert response.status_code == 200, response.text
    answer = response.json()
    return {int(i): {**told, "tiles": answer["tiles"]} for i, told in answer["beside"].items()}


def near(told: dict) -> dict[int, list[int]]:
    return {row["classId"]: row["ids"] for row in told["nearest"]}


def answered(room: Room, tab: Tab, closed: list[int], open_: list[int]) -> None:
    for class_id, images in zip(room.classes, (closed, open_), strict=True):
        for image in images:
            assert tab.answer(image, class_id).status_code == 200


def keep_features(room: Room, settings: Settings, directions: dict[int, list[float]]) -> None:
    folder = settings.packs_dir / str(room.project) / "a-pack"
    folder.mkdir(parents=True)
    np.save(folder / IMAGE_IDS, np.array(sorted(directions)))
    write_features(folder, np.array([directions[i] for i in sorted(directions)], np.float32))


def turned(degrees: float) -> list[float]:
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]


def test_the_nearest_of_each_class_come_best_first_by_what_pretraining_learnt(room: Room, settings: Settings):
    tab, i = room.tab(), room.images
    keep_features(room, settings, {image: turned(3 * place) for place, image in enumerate(i)})
    answered(room, tab, closed=[i[2], i[9], i[4], i[7], i[20]], open_=[i[29], i[3]])
    assert near(beside(tab, i[5])[i[5]]) == {
        room.classes[0]: [i[4], i[7], i[2], i[9]], room.classes[1]: [i[3], i[29]]
    }  # fmt: skip


def test_before_anything_is_learnt_near_means_the_same_hash(room: Room):
    """The hash of the n-th image is n."""
    tab, i = room.tab(), room.images
    answered(room, tab, closed=[i[0], i[7]], open_=[i[8]])
    assert near(beside(tab, i[3])[i[3]]) == {room.classes[0]: [i[7], i[0]], room.classes[1]: [i[8]]}


def test_an_images_own_answer_is_not_told_beside_it(room: Room):
    tab, i = room.tab(), room.images
    answered(room, tab, closed=[i[0], i[1]], open_=[])
    told = beside(tab, i[0], i[1])
    assert near(told[i[0]]) == {room.classes[0]: [i[1]]}
    assert near(told[i[1]]) == {room.classes[0]: [i[0]]}


def test_of_an_image_that_waits_for_somebody_no_answer_is_told(room: Room):
    tab, i = room.tab(), room.images
    answered(room, tab, closed=[i[0], i[1]], open_=[])
    with room.database.write() as session:
        send_to_review(session, session.get_one(Image, i[0]))
        for image in session.scalars(select(Image).where(Image.id.in_([i[0], i[1], i[2], i[3]]))):
            image.group_key = "one face"
    told = beside(tab, i[2])[i[2]]
    assert near(told) == {room.classes[0]: [i[1]]}
    assert told["group"] == [i[0], i[1], i[3]]
    labels = {int(image): tile["classId"] for image, tile in told["tiles"].items()}
    assert labels == {i[0]: None, i[1]: room.classes[0], i[3]: None}


@on_sqlite
def test_tiny_tiles_come_as_cells_of_one_sheet(room: Room):
    tab, i = room.tab(), room.images
    answered(room, tab, closed=i[:3], open_=i[3:6])
    tiles = beside(tab, i[10], i[11])[i[10]]["tiles"]
    assert len({tile["sheet"] for tile in tiles.values()}) == 1
    assert tab.client.get(next(iter(tiles.values()))["sheet"]).status_code == 200


@on_sqlite
@pytest.mark.parametrize("ids", ["", "x", "0", "1,", "1;2", ",".join(map(str, range(1, 60))), "99999999999"])
def test_strange_ids_are_refused(room: Room, ids: str):
    assert room.tab().client.get(f"/projects/{room.project}/nearby?ids={ids}").status_code == 422


@on_sqlite
def test_nothing_is_told_of_another_projects_image(room: Room):
    assert room.tab().client.get(f"/projects/{room.project}/nearby?ids={room.noise_images[0]}").status_code == 404


def test_an_image_that_the_pack_lacks_is_like_none(tmp_path: Path):
    np.save(tmp_path / IMAGE_IDS, np.array([2, 5]))
    (tmp_path / "pack").mkdir()
    (tmp_path / IMAGE_IDS).rename(tmp_path / "pack" / IMAGE_IDS)
    write_features(tmp_path / "pack", np.array([[1, 0], [0, 3]], np.float32))
    found = find_features(tmp_path)
    assert found
    known = Known(np.array([5, 2, 9]), np.array([1, 1, 1]), np.zeros(3, np.uint64))
    likeness = by_features(*found, [2], known)
    assert likeness.tolist() == [[0, 1, -1]]
    assert nearest(likeness, [2], known) == {2: {1: [5, 9]}}
