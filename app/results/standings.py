"""The table of all models: from tallies and stored figures, so that no score need be read for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.results.board import error_of
from ml.metrics import Confusion, Tally
from ml.metrics.front import on_front

Figure = dict[str, float | None]
MOVING = ("precision", "recall", "f1", "accuracy")
"""What the threshold moves."""
RISING_IS_GOOD = {*MOVING, "auc", "balanced_accuracy", "mcc", "average_precision", "images_per_s"}
COSTS = ("bytes", "latency_ms", "images_per_s", "peak_mb")


@dataclass(frozen=True)
class ModelRow:
    """A model's row in the table."""

    id: int
    name: str
    title: str
    parameters: int
    seconds: float
    weights: str
    sha256: str
    metrics: dict[str, Any]
    tally: Tally | None
    """None for more than two classes, where no threshold decides."""

    def at(self, threshold: float) -> Confusion | None:
        return self.tally.at(threshold) if self.tally else None

    def moving(self, name: str, threshold: float) -> float | None:
        """Return precision, recall, f1 or accuracy at the threshold; of more than two classes as stored."""
        counts = self.at(threshold)
        return getattr(counts, name) if counts else (self.figure(name) or {}).get("value")

    def figure(self, name: str) -> Figure | None:
        """Return a stored figure with its interval, e.g. `eer`; None where it could not be computed."""
        found: Figure = self.metrics.get("figures", {}).get(name, {})
        return found if found.get("value") is not None else None

    def cost(self, name: str) -> float | None:
        """Return what the model takes, as measured when it was trained; None where nobody measured."""
        found = self.metrics.get("cost", {}).get(name)
        return self.metrics.get("bytes") if found is None and name == "bytes" else found

    @property
    def error(self) -> float | None:
        """What the front is judged by."""
        return error_of(self.metrics.get("figures", {}))

    def value(self, column: str, threshold: float) -> float | None:
        if column in MOVING:
            return self.moving(column, threshold)
        if column in {"parameters", "seconds"}:
            return float(getattr(self, column))
        return self.cost(column) if column in COSTS else (self.figure(column) or {}).get("value")


def sort_rows(rows: Sequence[ModelRow], column: str, threshold: float) -> list[ModelRow]:
    """Return the best first; a row without the figure last."""

    def key(row: ModelRow) -> float:
        value = row.value(column, threshold)
        if value is None:
            return float("inf")
        return -value if column in RISING_IS_GOOD else value

    return sorted(rows, key=key)


def fronts(rows: Sequence[ModelRow]) -> dict[str, list[bool]]:
    """Return for each cost which rows no other beats in that cost and in error."""
    errors = [row.error for row in rows]
    return {name: on_front([row.cost(name) for row in rows], errors) for name in ("latency_ms", "bytes")}
