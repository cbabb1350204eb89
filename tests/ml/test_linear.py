"""The kernel machine: what it says unaware of a group is what a machine says that never saw it."""

from __future__ import annotations

import numpy as np
import pytest

from ml.linear import KernelMachine


@pytest.fixture
def flowers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of 60 images, their three classes, and their groups of two, so that pairs lie close."""
    random = np.random.default_rng(0)
    groups = np.arange(60) // 2
    labels = groups % 3
    features = random.normal(size=(30, 8))[groups] + labels[:, None] + random.normal(0, 0.1, (60, 8))
    return features.astype(np.float32), labels, groups


def test_unaware_of_a_group_is_never_having_seen_it(flowers: tuple[np.ndarray, np.ndarray, np.ndarray]):
    features, labels, groups = flowers
    found = KernelMachine(features, labels, 3, 3.0, 0.5).unaware(features, groups, groups)
    for group in (0, 11, 29):
        held = groups == group
        rest = features[~held]
        # Measured by how far its own examples lie, so that both tell near from far alike.
        sharpness = 0.5 * float(rest.var() / features.var())
        without = KernelMachine(rest, labels[~held], 3, 3.0, sharpness)(features[held])
        assert found[held] == pytest.approx(without, abs=1e-4)


def test_who_has_seen_the_near_twin_is_surer(flowers: tuple[np.ndarray, np.ndarray, np.ndarray]):
    features, labels, groups = flowers
    machine = KernelMachine(features, labels, 3)
    alone = machine.unaware(features, np.arange(60), np.arange(60))
    together = machine.unaware(features, groups, groups)
    rows = np.arange(60)
    assert alone[rows, labels].mean() > together[rows, labels].mean()
    assert machine(features)[rows, labels].mean() > alone[rows, labels].mean()


def test_an_image_whose_group_was_not_learnt_is_judged_as_any_other(
    flowers: tuple[np.ndarray, np.ndarray, np.ndarray],
):
    features, labels, groups = flowers
    machine = KernelMachine(features[:40], labels[:40], 3)
    found = machine.unaware(features[40:], groups[40:], groups[:40])
    assert found == pytest.approx(machine(features[40:]), abs=1e-5)


def test_a_turned_label_moves_nothing_that_its_own_image_is_told_by(
    flowers: tuple[np.ndarray, np.ndarray, np.ndarray],
):
    features, labels, groups = flowers
    turned = labels.copy()
    turned[:2] = (labels[:2] + 1) % 3
    found, same = (KernelMachine(features, y, 3).unaware(features, groups, groups) for y in (labels, turned))
    assert found[:2] == pytest.approx(same[:2], abs=1e-4)
    assert not np.allclose(found[2:], same[2:], atol=1e-3)
