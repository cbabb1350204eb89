"""What a training process prints while it runs: one JSON object a line on stdout."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Progress:
    """How far the run is. `done` of `total` counts the whole run; the rest describes the stage."""

    stage: str
    """What runs now, as a person would say it: `ResNet50`, `scoring 4000 images`."""
    done: float
    total: float
    epoch: int | None = None
    epochs: int | None = None
    loss: float | None = None
    images_per_s: float | None = None
    seconds_left: float | None = None
    beside: str | None = None
    """What another process does for the same run meanwhile."""
    beside_epoch: int | None = None
    beside_epochs: int | None = None
    event: Literal["progress"] = "progress"


@dataclass(frozen=True)
class MetricPoint:
    """One point of a curve: `series` is a model's name, `name` e.g. `train_loss`, `val_accuracy`."""

    series: str
    name: str
    step: int
    value: float
    event: Literal["metric"] = "metric"


@dataclass(frozen=True)
class Failure:
    """The last line of a child that gives up: one plain sentence for a person."""

    sentence: str
    event: Literal["failure"] = "failure"


Event = Progress | MetricPoint | Failure


def encode_event(event: Event) -> str:
    return json.dumps(asdict(event))


def decode_event(line: str) -> Event | None:
    """Return None for a line that is no event: libraries print too; such lines go to the log."""
    try:
        data = json.loads(line)
    except ValueError:
        return None
    kinds: dict[str, type[Event]] = {"progress": Progress, "metric": MetricPoint, "failure": Failure}
    if not isinstance(data, dict) or data.get("event") not in kinds:
        return None
    return kinds[data["event"]](**data)
