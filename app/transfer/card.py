"""The facts that a classifier's model card tells. Knows no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml.portable import Portable

SURE = 0.9


@dataclass(frozen=True)
class ClassFacts:
    """A class's labels when the training was frozen."""

    name: str
    by_people: int
    accepted: int


@dataclass(frozen=True)
class ErrorFacts:
    """Where the model went wrong on the test part, at the threshold."""

    matrix: Sequence[Sequence[int]]
    """`[K][K]`: rows are the labels, columns what the model said."""
    per_class: Sequence[Mapping[str, float]]
    sure_and_wrong: int
    """Wrong with a probability of `SURE` or more."""
    by_source: Mapping[str, tuple[int, int]]
    """Where the label comes from → how many were wrong, of how many."""


@dataclass(frozen=True)
class Findings:
    """What the bake-off found out about its data."""

    cuts: Sequence[str] = ()
    """By what it looked for slices in which the model fails."""
    worse: Sequence[tuple[str, int, int]] = ()
    """Slice, how many were wrong, of how many: worse than the rest by more than chance explains."""
    suspects: int = 0
    """Test labels that the models doubt."""


@dataclass(frozen=True)
class CardFacts:
    project: str
    name: str
    title: str
    config: Mapping[str, Any]
    """`config.json`."""
    report: Mapping[str, Any]
    """The bake-off's."""
    metrics: Mapping[str, Any]
    """The classifier's."""
    bytes: int
    people: int
    """Who have answered in the project."""
    classes: Sequence[ClassFacts] = ()
    """Empty: the frozen labels are gone."""
    errors: ErrorFacts | None = None
    findings: Findings = field(default_factory=Findings)
    made: Portable | None = None
    trained: Mapping[str, Any] = field(default_factory=dict)
    """What the config says of the training."""
    in_use_from: float | None = None
    """The threshold with which the project has it in use; None: it has not."""

    @property
    def class_names(self) -> list[str]:
        return list(self.config["classes"])

    @property
    def positive(self) -> str:
        return self.class_names[int(self.config["positive"])]

    @property
    def card_title(self) -> str:
        return f"{self.title}: {', '.join(self.class_names)} ({self.project})"

    @property
    def two_classes(self) -> bool:
        return len(self.class_names) == 2
