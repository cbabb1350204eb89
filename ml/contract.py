"""What the app and the training processes tell each other: plain data, no torch, no database.

A job's run folder holds `manifest.json` (written by the app before the child starts) and what the child
leaves there: `splits.json`, `checkpoints/`, `models/<name>/`, `predictions.npz`, `result.json`, and last `DONE`.
While it runs, the child prints events, one a line on stdout: `ml.events`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

CONTRACT_VERSION = 1
MOST_FOLDS = 20
ROUND_ANSWERS = 10
"""After so many answers the labelers of the recipe `squint` learn again. On the eyes about a tenth fewer wrong
labels were left at 100 to 500 answers than with rounds of 25 (quick labelers, six seeds); 5 did no better."""
TARGET = 0.02
"""So many labels may be wrong, where the project says nothing else."""

LabelSource = Literal["human", "accepted", ""]
WeightsPolicy = Literal["pretrained", "scratch"]
Recipe = Literal["founding", "squint"]
SEED_ANSWERS: dict[Recipe, int] = {"squint": 30, "founding": 100}
"""Answers to images drawn by lot, before any model chooses. `squint` begins to choose early, since an answer that
it asked for teaches more; the first ones still speak for the whole pile."""
SEED_OF_A_CLASS = 5
"""Where there are many classes, so many answers for each."""
RunKind = Literal["label", "bakeoff", "pretrain", "tune"]


def seed_answers(recipe: Recipe, classes: int) -> int:
    """How many images a person labels by hand before the labelers learn, where nobody says otherwise."""
    return max(SEED_ANSWERS[recipe], SEED_OF_A_CLASS * classes)


class Preset(StrEnum):
    """How a bake-off trains."""

    OWN = "own"
    """By our own settings."""
    REPORT = "report"
    """By the founding report's."""


@dataclass(frozen=True)
class Pack:
    """Where the decoded images lie: `pixels.npy`, uint8 `[N, H, W, C]`, C 1 (grey) or 3 (RGB)."""

    path: str
    sha256: str
    """Of the ordered list of the images' own sha256 and of the pack's size: names the image set."""


@dataclass(frozen=True)
class Manifest:
    """The frozen input of a run. The lists run parallel: row i is row i of the pack."""

    job_id: str
    kind: RunKind
    classes: list[str]
    class_ids: list[int]
    """The app's ids of the classes: names may change while the run goes on, ids never do."""
    positive: int
    """Index in `classes` of the class whose probability is *the score*."""
    pack: Pack
    image_ids: list[int]
    sha256: list[str]
    groups: list[str]
    """Images with the same group never part: both eyes of a face, near duplicates."""
    labels: list[int]
    """Class index, or -1 where nobody knows."""
    sources: list[LabelSource]
    models: list[str]
    """Names from the registry, in the order in which they are trained."""
    weights: WeightsPolicy = "pretrained"
    weights_dir: str = ""
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    """Overrides of the recipe's settings, e.g. `{"epochs": 2, "input_size": 32}`."""
    tuned: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Settings by model, as a search found them; `settings` goes before them."""
    minutes: float = 0.0
    """How long a search for settings may take."""
    folds: int = 0
    """A bake-off judges every labelled image, by so many folds; 0: a part held out."""
    preset: Preset = Preset.REPORT
    recipe: Recipe = "founding"
    """How a label run goes; `squint` brings its own labelers, so `models` is empty."""
    at_random: list[bool] = field(default_factory=list)
    """Which labels are a person's answers to images drawn by lot; empty: none. Only these speak for the pile."""
    audited: list[bool] = field(default_factory=list)
    """Which are answers to images drawn by lot from what was accepted, to be checked; empty: none."""
    frozen_at: str = ""
    """When the labels were about to be read, in UTC by ISO 8601; empty: from before this was noted."""
    code_version: str = ""
    contract_version: int = CONTRACT_VERSION

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Raise ValueError when the text was written for another contract version."""
        data = json.loads(text)
        if data.get("contract_version") != CONTRACT_VERSION:
            raise ValueError(
                f"This run was prepared for contract version {data.get('contract_version')}, "
                f"this program speaks {CONTRACT_VERSION}."
            )
        return cls(**{**data, "pack": Pack(**data["pack"])})


@dataclass(frozen=True)
class TrainedModel:
    """One trained model of a run, as `result.json` lists it."""

    name: str
    """The registry's name: `resnet50`."""
    title: str
    """For people: `ResNet50`."""
    folder: str
    """Relative to the run folder; holds `model.safetensors` and `config.json`."""
    sha256: str
    """Of `model.safetensors`."""
    parameters: int
    weights: WeightsPolicy
    """What it truly started from."""
    seconds: float
    best_epoch: int
    metrics: dict[str, Any]
    """Label run: validation metrics. Bake-off: test metrics with intervals (see `ml.metrics`), and the `cost`
    that the run measured: `latency_ms` of one image, `images_per_s`, `peak_mb` of memory, `bytes` of files."""


@dataclass(frozen=True)
class Tuned:
    """`tuned.json`: what a search for a model's settings came to."""

    model: str
    settings: dict[str, Any]
    """As far as they differ from the usual ones."""
    loss: float
    """The lowest validation loss, in the short trainings of the search."""
    usual_loss: float
    """That of the usual settings, trained as shortly."""
    trials: int


@dataclass(frozen=True)
class LabelerReport:
    """What a labeler of the recipe `squint` proved on answers that it had not seen."""

    name: str
    """As in `probs_<name>` of `predictions.npz`."""
    title: str
    weight: float
    """Its part in what is said, 0..1; all parts together are 1, and 0 earned nothing."""
    error: float
    """Share of wrong labels on `checked` answers, out of fold: on those drawn by lot where they are enough."""
    error_low: float
    error_high: float
    """95 % Clopper–Pearson."""
    checked: int


@dataclass(frozen=True)
class WrongShare:
    """How many of the accepted labels may be wrong, 0..1."""

    estimate: float
    """What the calibrated probabilities expect."""
    low: float
    high: float
    """95 % of the estimates from calibrations on answers drawn again."""
    checked: int
    wrong: int
    """Of the answers drawn by lot, so many would have been accepted unseen, and so many of those wrongly."""
    bound: float
    """One-sided 95 % Clopper–Pearson of `wrong` in `checked`; 1 when nothing was checked."""


@dataclass(frozen=True)
class Expected:
    """What a share is expected to be, 0..1, and the range in which it lies 95 times of 100."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class RunResult:
    """`result.json`. The arrays are in `predictions.npz` beside it.

    `predictions.npz` holds `image_ids` int64 `[M]`, for a bake-off `labels` int16 `[M]`, and per model
    `probs_<name>` float32 `[M, K]`, rows summing to 1. Label run: M = all images. Bake-off: M = the test part, or
    with folds all labelled images, each scored by a model that had not seen its group; `fold` int8 `[M]` says by
    which, from 0 on.
    A run of the recipe `squint` adds `probability` float32 `[M, K]`, calibrated, `accepted` bool `[M]`, and
    `priority` float32 `[M]`, larger = ask sooner; its `models` are empty, its `labelers` name the `probs_<name>`.
    """

    models: list[TrainedModel]
    split_counts: dict[str, int]
    """Images in `train`, `val`, `test`."""
    seconds: float
    environment: dict[str, str]
    """Versions and hardware that made this: python, torch, device, cpu."""
    notes: list[str] = field(default_factory=list)
    """Plain sentences the page should show, e.g. that weights were not to be had."""
    labelers: list[LabelerReport] = field(default_factory=list)
    """Recipe `squint` only."""
    accepted_wrong: WrongShare | None = None
    """Recipe `squint` only."""
    all_wrong: Expected | None = None
    """Recipe `squint` only: of all labels, if people stopped and the rest took their likeliest class."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunResult:
        data = json.loads(text)
        found, everything = data.get("accepted_wrong"), data.get("all_wrong")
        return cls(
            **{
                **data,
                "models": [TrainedModel(**m) for m in data["models"]],
                "labelers": [LabelerReport(**x) for x in data.get("labelers", [])],
                "accepted_wrong": WrongShare(**found) if found else None,
                "all_wrong": Expected(**everything) if everything else None,
            }
        )


SIMULATION, SIMULATION_RESULT = "simulation.json", "curve.json"


@dataclass(frozen=True)
class SimulationPlan:
    """`simulation.json` in the folder of a simulation, beside `pixels.npy`."""

    names: list[str]
    classes: list[str]
    truth: list[int]
    """Class index an image, by which the result is judged; -1 where the file has none."""
    person: list[int]
    """What the person answers; -1: leaves it unanswered."""
    sha256: str
    """Of the pack."""
    recipe: Recipe = "squint"
    answers: int = 300
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    """Images with the same group never part; empty: every image is its own."""
    weights: WeightsPolicy = "scratch"
    """What the founding recipe's labelers start from."""
    weights_dir: str = ""
    audit: int = 0
    """How many of the finally accepted labels the person checks."""
