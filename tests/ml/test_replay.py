"""When a replayed project's person stops to let the labelers learn."""

from __future__ import annotations

import pytest

from ml.contract import Recipe, SimulationPlan
from ml.replay import list_stops


@pytest.mark.parametrize(
    ("recipe", "classes", "answers", "labels", "stops"),
    [
        ("squint", 2, 60, 500, [30, 40, 50, 60]),
        ("squint", 9, 70, 500, [45, 50, 60, 70]),
        ("squint", 2, 55, 500, [30, 40, 50, 55]),
        ("squint", 2, 60, 44, [30, 40, 44]),
        ("squint", 9, 30, 500, [45]),
        ("founding", 2, 120, 500, [100, 110, 120]),
    ],
)
def test_they_learn_from_the_seed_then_at_whole_tens_and_at_the_end(
    recipe: Recipe, classes: int, answers: int, labels: int, stops: list[int]
):
    names = [f"{n}.png" for n in range(500)]
    person = [0] * labels + [-1] * (500 - labels)
    plan = SimulationPlan(names, [f"class {n}" for n in range(classes)], [0] * 500, person, "x", recipe, answers)
    assert list_stops(plan, 10) == stops
