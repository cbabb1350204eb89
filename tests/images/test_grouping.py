from __future__ import annotations

import hashlib
import io
import os
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from app.errors import BadInputError
from app.images import grouping
from app.images.children import Child, ChildDiedError
from app.images.grouping import update_groups
from app.images.rendered import GROUP_PATTERN, render_eyes, write_eyes_zip
from app.images.similar import are_alike, candidate_pairs, components, links_of_equal, miniature
from app.models import Project
from ml.rundir import lock_now
from tests.images.conftest import Shelf, one_database
from tests.images.samples import drawn, picture, save


def groups(shelf: Shelf) -> list[set[str]]:
    """Return the names in each group of more than one."""
    found: dict[str, set[str]] = {}
    for image in shelf.images():
        found.setdefault(image.group_key, set()).add(image.name)
    return sorted((names for names in found.values() if len(names) > 1), key=sorted)


def test_the_pattern_puts_the_two_eyes_of_a_face_into_one_group(shelf: Shelf):
    shelf.set_pattern(GROUP_PATTERN)
    write_eyes_zip(shelf.folder / "eyes.zip", 10, seed=1)
    shelf.take(shelf.folder / "eyes.zip")
    assert groups(shelf) == [
        {f"face{i:04d}_left.png", f"face{i:04d}_right.png"} for i in range(1, 6)
    ]  # fmt: skip
    assert shelf.by_name()["face0001_left.png"].group_key == "name:face0001"


def test_a_pattern_given_with_an_import_becomes_the_projects_and_regroups_what_was_there(shelf: Shelf):
    shelf.take({"a_1.png": picture(1), "a_2.png": picture(2)})
    assert groups(shelf) == []
    shelf.take({"b_1.png": picture(3), "a_3.png": picture(4)}, group_pattern=r"^(\w)_")
    assert groups(shelf) == [{"a_1.png", "a_2.png", "a_3.png"}]


@one_database
@pytest.mark.parametrize("pattern", ["(a+)+$", "(", "[a-z"])
def test_a_pattern_that_is_wrong_or_may_take_for_ever_is_refused_and_changes_nothing(shelf: Shelf, pattern: str):
    before = shelf.rows()
    with pytest.raises(BadInputError):
        shelf.take({"a.png": picture(1)}, group_pattern=pattern)
    assert shelf.rows() == before


def saved_again(image: Image.Image) -> bytes:
    return save(image, "JPEG", quality=80)


ALTERED = {
    "saved again": saved_again,
    "twice as large": lambda image: save(image.resize((48, 48), Image.Resampling.BICUBIC)),
    "brighter": lambda image: save(ImageEnhance.Brightness(image).enhance(1.1)),
    "more contrast": lambda image: save(ImageEnhance.Contrast(image).enhance(1.2)),
    "blurred": lambda image: save(image.filter(ImageFilter.GaussianBlur(0.5))),
}


@one_database
def test_near_duplicates_share_a_group_whichever_import_they_came_with(shelf: Shelf):
    originals = {f"{i}.png": drawn(i) for i in range(6)}
    shelf.take({name: save(image) for name, image in originals.items()})
    altered = {f"{name}.png": change(originals["0.png"]) for name, change in ALTERED.items()}
    report = shelf.take(altered | {"other.png": picture(50)})
    assert report.near_duplicates >= len(ALTERED)
    assert groups(shelf) == [{"0.png", *altered}]


@one_database
def test_only_one_at_a_time_finds_a_projects_groups(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    """Two imports at once would each join its images to what the other is just about to move to another group."""
    conversed, free = grouping._converse, []

    def watched(*arguments: Any) -> int:
        descriptor = os.open(shelf.settings.packs_dir / str(shelf.project), os.O_RDONLY)
        free.append(lock_now(descriptor))
        os.close(descriptor)
        return conversed(*arguments)

    monkeypatch.setattr(grouping, "_converse", watched)
    shelf.take({"a.png": picture(1)})
    assert free == [False]


class DiesMidway(Child):
    """Ends after its first change."""

    answers = 0

    def receive_json(self, timeout_s: float) -> Any:
        self.answers += 1
        if self.answers > 3:
            raise ChildDiedError
        answer = super().receive_json(timeout_s)
        return answer[:1] if self.answers == 3 else answer


@one_database
def test_groups_that_are_known_in_part_only_are_not_written(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    shelf.take({f"a_{i}.png": picture(i) for i in range(4)})
    shelf.set_pattern(r"^(\w)_")
    monkeypatch.setattr(grouping, "Child", DiesMidway)
    before = [image.group_key for image in shelf.images()]
    with pytest.raises(ChildDiedError):
        update_groups(shelf.database, shelf.settings, shelf.project)
    assert [image.group_key for image in shelf.images()] == before


@one_database
def test_groups_by_name_and_by_looks_are_joined(shelf: Shelf):
    shelf.set_pattern(r"^(\w)_")
    image = drawn(1)
    files = {"a_1.png": save(image), "a_2.png": picture(2), "b_1.png": saved_again(image), "b_2.png": picture(3)}
    shelf.take(files)
    assert groups(shelf) == [set(files)]
    alike = shelf.by_name()
    assert alike["a_1.png"].twin_key == alike["b_1.png"].twin_key == alike["a_1.png"].sha256
    assert [alike[name].twin_key for name in ("a_2.png", "b_2.png")] == [None, None]
    shelf.set_pattern("")
    assert update_groups(shelf.database, shelf.settings, shelf.project) == 1
    assert groups(shelf) == [{"a_1.png", "b_1.png"}]


@one_database
def test_an_image_that_comes_later_finds_its_twin_and_waits_for_the_labelers(shelf: Shelf):
    image = drawn(1)
    shelf.take({"a.png": save(image), "other.png": picture(2)})
    with shelf.database.write() as session:
        session.get_one(Project, shelf.project).settle_twins = True
    shelf.take({"b.png": saved_again(image)})
    known = shelf.by_name()
    assert known["b.png"].twin_key == known["a.png"].twin_key == known["a.png"].sha256
    assert (known["b.png"].state, known["other.png"].twin_key) == ("new", None)


@one_database
def test_an_image_alone_has_a_group_of_its_own(shelf: Shelf):
    shelf.take({"a.png": picture(1), "b.png": picture(2)})
    assert [image.group_key for image in shelf.images()] == [image.sha256 for image in shelf.images()]


@one_database
def test_when_groups_cannot_be_worked_out_the_images_are_still_taken(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(grouping, "GROUPER", "tests.images.no_such_module")
    report = shelf.take({"a.png": picture(1)})
    assert report.taken == 1
    assert "not looked for" in report.notes[0].reason


def test_different_rendered_eyes_are_never_called_alike():
    small = [miniature(eye) for _, _, eye in render_eyes(100, seed=5)]
    assert not any(are_alike(one, other) for i, one in enumerate(small) for other in small[:i])


def test_flat_pictures_are_alike_only_when_they_are_equally_bright():
    dark, also_dark, light = (miniature(Image.new("L", (24, 24), tone)) for tone in (10, 11, 90))
    assert are_alike(dark, also_dark)
    assert not are_alike(dark, light)
    assert not are_alike(dark, miniature(drawn(1)))


def test_candidates_are_the_nearest_hashes_before_each_new_one():
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**63, 5000, dtype=np.uint64)
    hashes[4990] = hashes[17] ^ np.uint64(0b111)
    hashes[40] = hashes[41]
    assert candidate_pairs(hashes, 4000) == [(4990, 17)]
    assert set(candidate_pairs(hashes, 0)) == {(4990, 17), (41, 40)}


def test_a_thousand_copies_make_few_candidates_and_one_group():
    hashes = np.full(1000, 7, dtype=np.uint64)
    pairs = candidate_pairs(hashes, 0)
    assert len(pairs) < 5000
    assert set(components(1000, pairs)) == {0}


def test_links_join_over_others():
    assert components(5, [(0, 3), (3, 4)]) == [0, 1, 2, 0, 0]
    assert links_of_equal(["a", None, "a", "b", None]) == [(0, 2)]


def test_a_miniature_does_not_depend_on_how_the_picture_is_stored():
    image = drawn(3)
    assert hashlib.sha256(miniature(image)).digest() == hashlib.sha256(miniature(image.convert("RGB"))).digest()
    assert are_alike(miniature(image), miniature(Image.open(io.BytesIO(saved_again(image)))))
