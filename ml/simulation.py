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

from ml import rundir, training
from ml.consensus import UNCLEAR, agreed_class, joint_doubt
from ml.contract import ROUND_ANSWERS, SIMULATION, SIMULATION_RESULT, Manifest, Pack, SimulationPlan, seed_answers
from ml.data import Rows
from ml.device import pick_device
from ml.errors import RunError
from ml.imagenet import seen_by_pair
from ml.labelers.squint import (
    Opinion,
    Prepared,
    SquintSettings,
    judge,
    prepare,
    pretraining_of,
    round_work,
    work_of,
)
from ml.pixels import load_pack
from ml.replay import (
    Played,
    Point,
    State,
    draw_audit,
    draw_seed,
    groups_of,
    known_to,
    list_stops,
    point_of,
    queue_after,
)
from ml.report import Reporter
from ml.settings import with_overrides
from ml.small import shrink
from ml.zoo import FOUNDING_PAIR

ROW_ANSWERS = 50
"""The curve has a row after every so many, and one at the end."""
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


def execute(folder: Path) -> None:
    """Replay the project in `folder` and write its curve there. Raise RunError when it cannot be."""
    plan = SimulationPlan(**json.loads((folder / SIMULATION).read_text("utf-8")))
    able = int((np.array(plan.person) >= 0).sum())
    first = seed_answers(plan.recipe, len(plan.classes))
    if able < first:
        raise RunError(f"A replay begins with {first} answers drawn by lot; the labels answer for {able} images.")
    play = _play_squint if plan.recipe == "squint" else _play_founding
    played = play(folder, plan)
    answer = {
        "recipe": plan.recipe,
        "images": len(plan.names),
        "classes": plan.classes,
        "seed": plan.seed,
        "curve": [asdict(point) for point in played.curve],
        "accepted": np.flatnonzero(played.state.accepted).tolist(),
        "guess": played.state.guess.tolist(),
        "audited": played.audited.tolist(),
        "after_audit": asdict(played.after_audit) if played.after_audit else None,
        "notes": [COUNTED, *played.notes],
    }
    rundir.write_text(folder / SIMULATION_RESULT, json.dumps(answer))


@dataclass(frozen=True)
class _Recipe:
    """`squint` over the images of one plan, ready to judge after any answers."""

    plan: SimulationPlan
    settings: SquintSettings
    prepared: Prepared
    reporter: Reporter
    seed: Rows
    """The images drawn by lot, in that order."""

    def judge(self, answered: Rows, audited: Rows) -> Opinion:
        answers = known_to(self.plan, answered, self.seed, audited)
        return judge(self.prepared, answers, self.plan.classes, self.settings, self.plan.seed, self.reporter)


def _ready(folder: Path, plan: SimulationPlan) -> _Recipe:
    settings = with_overrides(SquintSettings(), plan.settings)
    pixels = load_pack(folder)
    images = shrink(pixels, pick_device())
    task = pretraining_of(images, folder, plan.sha256, settings)
    seen = seen_by_pair(pixels, Path(plan.weights_dir), folder, plan.sha256) if plan.weights_dir else []
    first, *later = list_stops(plan, ROUND_ANSWERS)
    later += [(later or [first])[-1] + plan.audit] if plan.audit else []
    rounds = sum(round_work(len(images), answers, settings) for answers in later)
    reporter = Reporter(work_of(task, seen, first, settings) + rounds)
    return _Recipe(plan, settings, prepare(task, seen, settings, reporter), reporter, draw_seed(plan))


def _play_squint(folder: Path, plan: SimulationPlan) -> Played:
    """Answer, judge, answer those that the recipe asks for, and so on; judge once more after the audit."""
    began = time.monotonic()
    recipe = _ready(folder, plan)
    pretraining = time.monotonic() - began
    queue, answered, nobody = recipe.seed, np.zeros(0, np.int64), np.zeros(0, np.int64)
    curve: list[Point] = []
    spent = 0.0
    stops = list_stops(plan, ROUND_ANSWERS)
    for stop in stops:
        began = time.monotonic()
        answered = np.concatenate([answered, queue[: stop - len(answered)]])
        opinion = recipe.judge(answered, nobody)
        spent += time.monotonic() - began
        if stop % ROW_ANSWERS == 0 or stop == stops[-1]:
            curve.append(_row(plan, answered, opinion, spent))
            print(json.dumps(asdict(curve[-1])), file=sys.stderr, flush=True)  # noqa: T201  the log
            spent = 0.0
        queue = queue_after(plan, answered, opinion.priority, recipe.seed)
    state, after = _state(answered, opinion), None
    if len(audited := draw_audit(plan, state)):
        began = time.monotonic()
        answered = np.concatenate([answered, audited])
        after = _row(plan, answered, recipe.judge(answered, audited), time.monotonic() - began)
    learning = f"Before the first round, {pretraining:.0f} s went into the unlabelled images."
    return Played(curve, state, audited, after, [BOUND_OF_SQUINT, learning, *opinion.notes])


def _state(answered: Rows, opinion: Opinion) -> State:
    return State(answered, opinion.accepted, opinion.probability.argmax(1))


def _row(plan: SimulationPlan, answered: Rows, opinion: Opinion, seconds: float) -> Point:
    expected = opinion.all_wrong
    return replace(
        point_of(plan, _state(answered, opinion), opinion.accepted_wrong.bound, seconds),
        estimate=round(opinion.accepted_wrong.estimate, 5),
        estimate_all=round(expected.estimate, 5),
        low_all=round(expected.low, 5),
        high_all=round(expected.high, 5),
    )


def _play_founding(folder: Path, plan: SimulationPlan) -> Played:
    """Train once on the seed; where the two labelers differ the person answers, most doubtful first."""
    began = time.monotonic()
    seed = draw_seed(plan)
    run = folder / "founding"
    rundir.write_text(run / rundir.MANIFEST, _founding_manifest(folder, plan, seed).to_json())
    training.execute(run)
    with np.load(run / rundir.PREDICTIONS) as arrays:
        said = [arrays[f"probs_{name}"] for name in FOUNDING_PAIR]
    agreed, guess = agreed_class(said), np.mean(said, axis=0).argmax(1)
    rank = np.where(agreed == UNCLEAR, 1 + joint_doubt(said), 0).astype(np.float32)
    seconds = time.monotonic() - began
    asked = queue_after(plan, seed, np.where(rank > 0, rank, -1), seed)
    curve: list[Point] = []
    for stop in list_stops(plan, ROW_ANSWERS):
        answered = np.concatenate([seed, asked[: stop - len(seed)]])
        accepted = agreed != UNCLEAR
        accepted[answered] = False
        state = State(answered, accepted, guess)
        curve.append(point_of(plan, state, 1.0, seconds if not curve else 0.0))
        if len(answered) < stop:
            break
    audited, after = draw_audit(plan, state), None
    if len(audited):
        accepted = state.accepted.copy()
        accepted[audited] = False
        checked = State(np.concatenate([state.answered, audited]), accepted, guess)
        after = point_of(plan, checked, 1.0, 0.0)
    return Played(curve, state, audited, after, [NO_BOUND])


def _founding_manifest(folder: Path, plan: SimulationPlan, seed: Rows) -> Manifest:
    count = len(plan.names)
    labels = known_to(plan, seed, seed, seed[:0]).labels.tolist()
    return Manifest(
        job_id="simulation",
        kind="label",
        classes=plan.classes,
        class_ids=list(range(len(plan.classes))),
        positive=len(plan.classes) - 1,
        pack=Pack(str(folder), plan.sha256),
        image_ids=list(range(count)),
        sha256=[""] * count,
        groups=groups_of(plan),
        labels=labels,
        sources=["human" if label >= 0 else "" for label in labels],
        models=list(FOUNDING_PAIR),
        weights=plan.weights,
        weights_dir=plan.weights_dir,
        seed=plan.seed,
        settings=plan.settings,
    )
