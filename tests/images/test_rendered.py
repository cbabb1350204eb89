from __future__ import annotations

import csv
import re
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from app.images.rendered import GROUP_PATTERN, render_eyes, write_eyes_zip


def test_the_same_seed_draws_the_same_eyes_and_another_seed_others(tmp_path: Path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_eyes_zip(tmp_path / f"{name}.zip", 8, seed)
    a, b, c = ((tmp_path / f"{name}.zip").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_the_zip_holds_two_eyes_a_face_and_the_labels_beside_it(tmp_path: Path):
    labels = write_eyes_zip(tmp_path / "eyes.zip", 7, 3, tmp_path / "deep.csv")
    names = zipfile.ZipFile(tmp_path / "eyes.zip").namelist()
    assert names == [name for name, _ in labels]
    assert names[:3] == ["face0001_left.png", "face0001_right.png", "face0002_left.png"]
    assert Counter(re.search(GROUP_PATTERN, name)[1] for name in names).most_common(1)[0][1] == 2
    with (tmp_path / "deep.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["filename", "label"], *map(list, labels)]


def test_eyes_are_small_grey_all_different_and_of_both_kinds():
    drawn = list(render_eyes(200, seed=4))
    assert {(picture.size, picture.mode) for _, _, picture in drawn} == {((24, 24), "L")}
    assert len({picture.tobytes() for _, _, picture in drawn}) == 200
    kinds = Counter(label for _, label, _ in drawn)
    assert kinds.keys() == {"open", "closed"}
    assert min(kinds.values()) > 60


@pytest.mark.parametrize(("learnt", "least", "most"), [(100, 0.65, 0.95), (800, 0.8, 0.99)])
def test_open_and_closed_can_be_learnt_but_not_at_once(learnt: int, least: float, most: float):
    from sklearn.svm import SVC

    drawn = list(render_eyes(1100, seed=3))
    pixels = np.stack([np.asarray(picture, dtype=float).ravel() for _, _, picture in drawn])
    pixels = (pixels - pixels.mean(1, keepdims=True)) / (pixels.std(1, keepdims=True) + 8)
    labels = np.array([label for _, label, _ in drawn])
    right = (SVC(C=10).fit(pixels[:learnt], labels[:learnt]).predict(pixels[800:]) == labels[800:]).mean()
    assert least < right < most
