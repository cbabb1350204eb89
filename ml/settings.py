"""How one model is trained: plain numbers, so that a run can say what made it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ml.errors import RunError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class TrainSettings:
    """Defaults are the founding report's for ResNet50."""

    epochs: int = 30
    batch_size: int = 16
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 0.001
    schedule: Literal["line", "cosine"] = "line"
    final_rate: float = 1.0
    """The learning rate falls, by the schedule, to this share of itself."""
    momentum: float = 0.937
    """SGD only, with Nesterov's step."""
    weight_decay: float = 0.0
    warmup_epochs: float = 0.0
    """The learning rate climbs from zero over so many epochs."""
    averaging: float = 0.0
    """Decay of the moving average of the weights that is judged and kept, e.g. 0.99; 0: no average."""
    patience: int = 0
    """Stop after so many epochs without a lower validation loss; 0: never before the last epoch."""
    augmentation: Literal["none", "flip", "report", "distort"] = "flip"
    """`report`: the founding report's five for the final classifiers; `distort`: those of `ml.distort`."""
    strength: float = 1.0
    """How far `distort` bends; 1: as was set on the eyes."""
    smoothing: float = 0.0
    """Share of every label that is spread over all classes."""
    mixup: float = 0.0
    """Mix pairs of images and their labels by a draw from Beta(a, a), a = this (Zhang et al., 2018); 0: none."""
    balanced: bool = False
    """Let every class count the same, however many images it has."""
    loss: Literal["cross_entropy", "binary"] = "cross_entropy"
    """`binary`: one logit and binary cross-entropy; for two classes."""
    input_size: int = 0
    """Side of the square the net sees, in pixels; 0: `default_input_size` of the images' own size."""
    enlarge: int = 1
    """How much tiny images are enlarged by default: small nets see them better so, large ones grow too slow."""
    checkpoint_every_s: float = 10.0
    """A checkpoint follows the first epoch that ends so long after the last one; 0: every epoch is kept."""
    threads: int = 0
    """CPU threads; 0: all cores."""
    processes: int = 0
    """How many train one net together, each on its share of every batch; 0: one a GPU."""

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2 or self.learning_rate <= 0 or self.input_size < 0:
            raise RunError("Training needs at least 1 epoch, batches of 2 and a learning rate above 0.")
        if min(self.threads, self.processes, self.strength) < 0:
            raise RunError("Threads, processes and strength are not below 0.")
        if not (0 <= self.smoothing < 1 and 0 <= self.averaging < 1 and self.mixup >= 0 and self.patience >= 0):
            raise RunError("Smoothing and averaging lie between 0 and 1, mixup and patience are not below 0.")


Settings = TypeVar("Settings", bound="DataclassInstance")


def with_overrides(settings: Settings, overrides: dict[str, Any]) -> Settings:
    """Return `settings` with some fields replaced; raise RunError for an unknown name or kind of value."""
    known = {field.name for field in fields(settings)}
    if unknown := sorted(set(overrides) - known):
        raise RunError(f"{unknown[0]} is no training setting; there are {', '.join(sorted(known))}.")
    for name, value in overrides.items():
        usual = getattr(settings, name)
        kinds = (int, float) if isinstance(usual, float) else type(usual)
        if not isinstance(value, kinds) or isinstance(value, bool) != isinstance(usual, bool):
            raise RunError(f"The training setting {name} cannot be {value!r}; it is {usual!r} by default.")
    return replace(settings, **overrides)


def default_input_size(longest_side: int, enlarge: int) -> int:
    """Return the side that the net sees for images of this size: a multiple of 32, from 32 to 224."""
    return min(-(-longest_side * enlarge // 32) * 32, 224)
