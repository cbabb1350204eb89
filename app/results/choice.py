"""What a person looks at on the results page. It is all in the address, so that a link shows the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query

from ml.metrics import REPORT_THRESHOLD

Column = Literal[
    "precision", "recall", "f1", "accuracy", "answered", "eer", "auc", "balanced_accuracy", "mcc",
    "average_precision", "brier", "ece", "parameters", "bytes", "latency_ms", "images_per_s", "peak_mb",
    "seconds",
]  # fmt: skip
Share = Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)]
Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class Choice:
    bakeoff: Annotated[int | None, Query(ge=1, le=1_000_000)] = None
    model: Id = None
    threshold: Share = REPORT_THRESHOLD
    """Counted to the thousandth."""
    unsure_from: Annotated[float | None, Query(alias="from", ge=0, le=1, allow_inf_nan=False)] = None
    """Scores from here up to the threshold are set aside; None: none are."""
    sort: Column = "eer"

    @property
    def high(self) -> float:
        return round(self.threshold, 3)

    @property
    def low(self) -> float:
        return self.high if self.unsure_from is None else min(round(self.unsure_from, 3), self.high)

    def query(self, **changes: Any) -> str:
        values = {
            "bakeoff": self.bakeoff,
            "model": self.model,
            "threshold": self.high,
            "from": self.low if self.low < self.high else None,
            "sort": None if self.sort == "eer" else self.sort,
            **changes,
        }
        return urlencode({name: value for name, value in values.items() if value is not None})


ChoiceDep = Annotated[Choice, Depends()]


@dataclass(frozen=True)
class Wanted:
    """Which of the test images to show: all that fit every word given."""

    label: Annotated[int | None, Query(ge=0, le=1000)] = None
    said: Annotated[int | None, Query(ge=-1, le=1000)] = None
    """-1: set aside as not sure."""
    column: Annotated[int | None, Query(ge=0, le=1000)] = None
    """Whose score the next three mean; None: the positive class's."""
    least: Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)] = None
    below: Annotated[float | None, Query(ge=0, le=2, allow_inf_nan=False)] = None
    near: Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)] = None
    """Those nearest to this score, nearest first."""
    wrong: bool = False
    cut: Annotated[int | None, Query(ge=0, le=255)] = None
    part: Annotated[int | None, Query(ge=0, le=255)] = None
    """The slice, by its number in the cut."""
    against: Id = None
    """Another model that says otherwise."""

    def query(self) -> str:
        values = {name: value for name, value in vars(self).items() if value is not None and value is not False}
        return urlencode({name: str(value).lower() for name, value in values.items()})


WantedDep = Annotated[Wanted, Depends()]
