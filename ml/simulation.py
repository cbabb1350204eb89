"""A project replayed with a file of labels as the person: how many answers, how good the labels.

Takes the same way as a label run: the same functions, round after round, in one process.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml import rundir, training
from ml.consensus import UNCLEAR, agreed_class, joint_doubt
from ml.contract import ROUND_ANSWERS, SIMULATION, SIMULATION_RESULT, Manifest, Pack, SimulationPlan, seed_answers
from ml.data import Rows
from ml.device import pick_device
from ml.errors import RunError
from ml.imagenet import seen_by_pair
from ml.labelers.evidence import Answers
from ml.labelers.squint import (
    Opinion,
    SquintSettings,
    judge,
    prepare,
    pretraining_of,
    round_work,
    work_of,
)
from ml.pixels import load_pack
from ml.report import Reporter
from ml.settings import with_overrides
from ml.small import shrink
from ml.zoo import FOUNDING_PAIR

ROW_ANSWERS = 50
"""The curve has a row after every so many."""
COUNTED = (
    "wrong_in_all counts answered images as the person said and all others by the recipe's best guess, "
    "against --labels."
)
BOUND_OF_SQUINT = (
    "bound is the one-sided 95 % Clopper-Pearson bound on the wrong share of the accepted, from those randomly "
    "drawn answers that would have been accepted unseen (out of fold); estimate is what the calibrated "
    "probabilities expect of the accepted, estimate_all of all, between low_all and high_all (95 %)."
)
NO_BOUND = "The founding recipe estimates nothing and gives no bound before an audit: bound is 1."


@dataclass(frozen=True)
class Point:
    """The state after so many answers. Shares are 0..1."""

    answers: int
    unclear: int
    accepted: int
    wrong_in_accepted: float
    """Share of the accepted; 0 where none is accepted."""
    wrong_in_all: float
    """Share of all: answered images as the person said, all others by the recipe's best guess."""
    bound: float
    seconds: float
    """Of the rounds since the row before."""
    estimate: float | None = None
    """The recipe's own estimate of `wrong_in_accepted`; None: it makes none."""
    estimate_all: float | None = None
    """And of `wrong_in_all`, which lies between the next two 95 times of 100."""
    low_all: float | None = None
    high_all: float | None = None


@dataclass(frozen=True)
class State:
    """Where a replayed project stands."""

    answered: Rows
    accepted: NDArray[np.bool_]
    guess: NDArray[np.int64]
    """Class index `[N]`: what the models think of every image."""


def execute(folder: Path) -> None:
    """Replay the project in `folder` and write its curve there. Raise RunError when it cannot be."""
    plan = SimulationPlan(**json.loads((folder / SIMULATION).read_text("utf-8")))
    able = int((np.array(plan.person) >= 0).sum())
    first = seed_answers(plan.recipe, len(plan.classes))
    if able < first:
        raise RunError(f"A replay begins with {first} answers drawn by lot; the labels answer for {able} images.")
    play = _play_squint if plan.recipe == "squint" else _play_founding
    curve, state, notes = play(folder, plan)
    answer = {
        "recipe": plan.recipe,
        "images": len(plan.names),
        "classes": plan.classes,
        "seed": plan.seed,
        "curve": [asdict(point) for point in curve],
        "accepted": np.flatnonzero(state.accepted).tolist(),
        "guess": state.guess.tolist(),
        "notes": [COUNTED, *notes],
    }
    rundir.write_text(folder / SIMULATION_RESULT, json.dumps(answer))


def _play_squint(folder: Path, plan: SimulationPlan) -> tuple[list[Point], State, list[str]]:
    """Answer, judge, answer those that the recipe asks for, and so on."""
    began = time.monotonic()
    settings = with_overrides(SquintSettings(), plan.settings)
    pixels = load_pack(folder)
    images = shrink(pixels, pick_device())
    task = pretraining_of(images, folder, plan.sha256, settings)
    seen = seen_by_pair(pixels, Path(plan.weights_dir), folder, plan.sha256) if plan.weights_dir else []
    stops = _stops(plan, ROUND_ANSWERS)
    rounds = sum(round_work(len(images), stop, settings) for stop in stops[1:])
    reporter = Reporter(work_of(task, seen, stops[0], settings) + rounds)
    prepared = prepare(task, seen, settings, reporter)
    pretraining = time.monotonic() - began
    drawn = _drawn(plan)
    queue, answered = drawn, np.zeros(0, np.int64)
    curve: list[Point] = []
    spent = 0.0
    notes = [BOUND_OF_SQUINT, f"Before the first round, {pretraining:.0f} s went into the unlabelled images."]
    for stop in stops:
        began = time.monotonic()
        answered = np.concatenate([answered, queue[: stop - len(answered)]])
        opinion = judge(prepared, _answers(plan, answered, drawn), plan.classes, settings, plan.seed, reporter)
        state = State(answered, opinion.accepted, opinion.probability.argmax(1))
        spent += time.monotonic() - began
        if stop % ROW_ANSWERS == 0:
            point = _point(plan, state, opinion.accepted_wrong.bound, spent)
            curve.append(_with_estimates(point, opinion))
            print(json.dumps(asdict(curve[-1])), file=sys.stderr, flush=True)  # noqa: T201  the log
            spent = 0.0
        queue = _queue(plan, answered, opinion.priority, drawn)
    return curve, state, notes + opinion.notes


def _play_founding(folder: Path, plan: SimulationPlan) -> tuple[list[Point], State, list[str]]:
    """Train once on the seed; where the two labelers differ the person answers, most doubtful first."""
    began = time.monotonic()
    drawn = _drawn(plan)
    run = folder / "founding"
    rundir.write_text(run / rundir.MANIFEST, _founding_manifest(folder, plan, drawn).to_json())
    training.execute(run)
    with np.load(run / rundir.PREDICTIONS) as arrays:
        said = [arrays[f"probs_{name}"] for name in FOUNDING_PAIR]
    agreed, guess = agreed_class(said), np.mean(said, axis=0).argmax(1)
    rank = np.where(agreed == UNCLEAR, 1 + joint_doubt(said), 0).astype(np.float32)
    seconds = time.monotonic() - began
    asked = _queue(plan, drawn, np.where(rank > 0, rank, -1), drawn)
    curve: list[Point] = []
    for stop in _stops(plan, ROW_ANSWERS):
        answered = np.concatenate([drawn, asked[: stop - len(drawn)]])
        accepted = agreed != UNCLEAR
        accepted[answered] = False
        state = State(answered, accepted, guess)
        curve.append(_point(plan, state, 1.0, seconds if not curve else 0.0))
        if len(answered) < stop:
            break
    return curve, state, [NO_BOUND]


def _founding_manifest(folder: Path, plan: SimulationPlan, drawn: Rows) -> Manifest:
    count = len(plan.names)
    labels = _answers(plan, drawn, drawn).labels.tolist()
    return Manifest(
        job_id="simulation",
        kind="label",
        classes=plan.classes,
        class_ids=list(range(len(plan.classes))),
        positive=len(plan.classes) - 1,
        pack=Pack(str(folder), plan.sha256),
        image_ids=list(range(count)),
        sha256=[""] * count,
        groups=_groups(plan),
        labels=labels,
        sources=["human" if label >= 0 else "" for label in labels],
        models=list(FOUNDING_PAIR),
        weights=plan.weights,
        weights_dir=plan.weights_dir,
        seed=plan.seed,
        settings=plan.settings,
    )


def _stops(plan: SimulationPlan, step: int) -> list[int]:
    """From the seed on every `step` answers, as far as the plan and the person go."""
    most = min(plan.answers, int((np.array(plan.person) >= 0).sum()))
    first = seed_answers(plan.recipe, len(plan.classes))
    return list(range(first, max(most, first) + 1, step))


def _drawn(plan: SimulationPlan) -> Rows:
    answerable = np.flatnonzero(np.array(plan.person) >= 0)
    return np.random.default_rng(plan.seed).permutation(answerable)[
        : seed_answers(plan.recipe, len(plan.classes))
    ]


def _queue(plan: SimulationPlan, answered: Rows, priority: NDArray[np.float32], drawn: Rows) -> Rows:
    """Whom the person sees next: first the rest of the seed, then as the recipe asks; never one twice."""
    left = np.setdiff1d(drawn, answered)
    if len(left):
        return drawn[np.isin(drawn, left)]
    order = np.argsort(-priority, kind="stable")
    able = (np.array(plan.person)[order] >= 0) & (priority[order] >= 0)
    return order[able & ~np.isin(order, answered)]


def _answers(plan: SimulationPlan, answered: Rows, drawn: Rows) -> Answers:
    labels = np.full(len(plan.names), -1, np.int64)
    labels[answered] = np.array(plan.person)[answered]
    at_random = np.zeros(len(labels), bool)
    at_random[np.intersect1d(answered, drawn)] = True
    return Answers(labels, _groups(plan), at_random)


def _groups(plan: SimulationPlan) -> list[str]:
    return plan.groups or plan.names


def _with_estimates(point: Point, opinion: Opinion) -> Point:
    expected = opinion.all_wrong
    return replace(
        point,
        estimate=round(opinion.accepted_wrong.estimate, 5),
        estimate_all=round(expected.estimate, 5),
        low_all=round(expected.low, 5),
        high_all=round(expected.high, 5),
    )


def _point(plan: SimulationPlan, state: State, bound: float, seconds: float) -> Point:
    truth = np.array(plan.truth)
    known = truth >= 0
    final = state.guess.copy()
    final[state.answered] = np.array(plan.person)[state.answered]
    judged = state.accepted & known
    return Point(
        answers=len(state.answered),
        unclear=len(truth) - len(state.answered) - int(state.accepted.sum()),
        accepted=int(state.accepted.sum()),
        wrong_in_accepted=_share(state.guess[judged] != truth[judged]),
        wrong_in_all=_share(final[known] != truth[known]),
        bound=round(bound, 5),
        seconds=round(seconds, 1),
    )


def _share(wrong: NDArray[np.bool_]) -> float:
    return round(float(wrong.mean()), 5) if len(wrong) else 0.0
