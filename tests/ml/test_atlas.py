"""The map: alike images are neighbours, and where nothing can be told apart nothing is pretended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml import atlas
from ml.atlas import draw_map, places
from ml.likeness import IMAGE_IDS, MAP, find_map, write_features


def crowds(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Three crowds of features, and who belongs to which."""
    dice = np.random.default_rng(1)
    of = np.arange(count) % 3
    return (np.eye(3, 8)[of] + dice.normal(0, 0.05, (count, 8))).astype(np.float32), of


def test_neighbours_on_the_map_are_alike():
    features, of = crowds(90)
    placed = places(features)
    assert placed.shape == (90, 2)
    assert 0 <= placed.min() <= placed.max() <= 1
    apart = np.linalg.norm(placed[:, None] - placed[None], axis=2) + 9 * np.eye(90)
    assert (of[apart.argmin(1)] == of).mean() > 0.95
    assert np.array_equal(placed, places(features))


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_a_handful_has_a_map_too(count: int):
    placed = places(crowds(count)[0])
    assert placed.shape == (count, 2)
    assert np.isfinite(placed).all()


def test_images_that_are_all_the_same_lie_in_one_place():
    assert np.array_equal(places(np.ones((40, 8), np.float32)), np.full((40, 2), 0.5, np.float32))


def keep(folder: Path, features: np.ndarray, ids: np.ndarray) -> None:
    write_features(folder, features)
    np.save(folder / IMAGE_IDS, ids)


def test_a_map_lies_with_its_pack_and_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    features, _of = crowds(30)
    keep(tmp_path / "pack", features, np.arange(100, 130))
    assert find_map(tmp_path) is None
    draw_map(tmp_path / "pack")
    ids, placed = find_map(tmp_path) or pytest.fail("no map")
    assert ids.tolist() == list(range(100, 130))
    assert placed.shape == (30, 2)
    monkeypatch.setattr(atlas, "places", lambda _features: pytest.fail("drawn twice"))
    draw_map(tmp_path / "pack")


def test_of_a_large_pile_some_are_drawn_by_lot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(atlas, "MOST", 12)
    keep(tmp_path / "pack", crowds(30)[0], np.arange(30))
    draw_map(tmp_path / "pack")
    ids, _placed = find_map(tmp_path) or pytest.fail("no map")
    assert len(set(ids.tolist())) == 12
    assert ids.tolist() == sorted(ids.tolist()) != list(range(12))
    assert np.load(tmp_path / "pack" / MAP).dtype == np.float32
