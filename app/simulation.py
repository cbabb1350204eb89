"""Replaying projects from files: the pack and the plan are made here, each replay runs in a child with torch."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from PIL import Image

from app.config import REPOSITORY
from app.errors import AppError, BadInputError
from app.images.importing import open_source
from app.images.labelled import label_of, read_labels, read_pictures
from app.images.limits import SHELL
from app.images.rendered import GROUP_PATTERN, render_eyes
from app.progress import Show
from app.projects.grouping import group_of, pattern_problem
from app.review.statement import CANT_TELL, FIXED, RIGHT, WRONG, state
from ml import pixels
from ml.contract import SIMULATION, SIMULATION_RESULT, Recipe, SimulationPlan
from ml.events import Failure, Progress, decode_event
from ml.rundir import LOG, atomic_path, write_text

LARGEST_SIDE = 224
RENDERED = re.compile(r"rendered(?::(\d+))?")
RENDERED_COUNT, RENDERED_SEED = 600, 7
FINAL = ("accepted", "guess", "audited", "after_audit")
"""What a replay hands over for its audit, and nobody reads."""


@dataclass(frozen=True)
class Asked:
    """What `squint simulate` was asked to replay."""

    images: str
    """A zip or a folder, or `rendered`, or `rendered:COUNT`."""
    labels: Path | None
    """None: those of the rendered eyes."""
    person: Path | None
    recipes: Sequence[Recipe]
    answers: int
    seeds: Sequence[int]
    settings: dict[str, Any]
    group_by: str = ""
    weights_dir: Path | None = None
    """Where ImageNet weights lie; None: the founding pair begins from scratch, and squint does without it."""
    audit: int = 0
    """How many of the finally accepted labels the person checks."""


def run_simulations(asked: Asked, folder: Path, show: Show) -> dict[str, Any]:
    """Replay every recipe with every seed in `folder` and return one table a recipe, and all runs.

    Raise AppError with the child's sentence when it gave up.
    """
    show("reading the images", 0, 1)
    plan = _prepare(asked, folder)
    plans = [replace(plan, recipe=recipe, seed=seed) for recipe in asked.recipes for seed in asked.seeds]
    runs = [_run(each, asked, folder, _in_turn(show, number, plans)) for number, each in enumerate(plans)]
    tables = {
        recipe: _table([run["curve"] for run in runs if run["recipe"] == recipe]) for recipe in asked.recipes
    }
    first = runs[0]
    return {
        "images": first["images"],
        "classes": first["classes"],
        "recipe": first["recipe"],
        "seed": first["seed"],
        "seeds": list(asked.seeds),
        "curve": tables[asked.recipes[0]]["curve"],
        **({"audit": first["audit"]} if asked.audit else {}),
        "tables": tables,
        "runs": runs,
        "notes": list(dict.fromkeys(note for run in runs for note in run["notes"])),
    }


def _in_turn(show: Show, number: int, plans: Sequence[SimulationPlan]) -> Show:
    """Let each of several replays move its own part of the bar."""
    if len(plans) == 1:
        return show
    name = f"{plans[number].recipe}, seed {plans[number].seed}"

    def shown(stage: str, done: float, total: float) -> None:
        show(f"{name}: {stage}", number + min(done / max(total, 1), 1), len(plans))

    return shown


def _run(plan: SimulationPlan, asked: Asked, folder: Path, show: Show) -> dict[str, Any]:
    write_text(folder / SIMULATION, json.dumps(asdict(plan)))
    failure = _run_child(folder, show)
    if failure is not None:
        raise AppError(failure)
    answer: dict[str, Any] = json.loads((folder / SIMULATION_RESULT).read_text("utf-8"))
    if asked.audit:
        answer["audit"] = _audit(plan, answer)
    return {name: value for name, value in answer.items() if name not in FINAL}


def _audit(plan: SimulationPlan, answer: dict[str, Any]) -> dict[str, Any]:
    """Say what the person found in a random sample of what was accepted at last: the same rule as in the app.

    `wrong_share` is the truth that the bound is about; `holds` says whether it is kept. What the person would not
    answer counts as not confirmed. `after`: a row of the curve, once the labelers have learnt from it too.
    """
    pile, guess = answer["accepted"], answer["guess"]
    if not pile:
        return {"size": 0, "pile": 0, "statement": "Nothing was accepted; there is nothing to audit."}
    said = state(FIXED, len(pile), [_outcome(guess[row], plan.person[row]) for row in answer["audited"]])
    against = sum(_outcome(guess[row], plan.person[row]) != RIGHT for row in pile) / len(pile)
    wrong = sum(plan.truth[row] >= 0 and guess[row] != plan.truth[row] for row in pile) / len(pile)
    return {
        **said.to_json(),
        "wrong_share_by_the_person": round(against, 5),
        "wrong_share": round(wrong, 5),
        "holds": said.bound >= against,
        "after": answer["after_audit"],
    }


def _outcome(guess: int, person: int) -> str:
    if person < 0:
        return CANT_TELL
    return RIGHT if guess == person else WRONG


def _table(curves: Sequence[list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the mean over the seeds, and the smallest and largest of each figure; as far as all of them go."""
    curve, spread = [], []
    for points in zip(*curves, strict=False):
        columns = {name: [point[name] for point in points] for name in points[0] if name != "answers"}
        curve.append({"answers": points[0]["answers"], **{k: _middle(v) for k, v in columns.items()}})
        known = {name: values for name, values in columns.items() if None not in values}
        spread.append({"answers": points[0]["answers"], **{k: [min(v), max(v)] for k, v in known.items()}})
    return {"curve": curve, "spread": spread}


def _middle(values: Sequence[Any]) -> Any:
    if len(values) == 1 or values[0] is None:
        return values[0]
    return round(mean(values), 5)


def _prepare(asked: Asked, folder: Path) -> SimulationPlan:
    if problem := pattern_problem(asked.group_by):
        raise BadInputError(f"--group-by: {problem}")
    pictures, rendered = _pictures(asked.images)
    if asked.labels is None and not rendered:
        raise BadInputError("--labels is missing: the file that says what each image truly is.")
    truth = read_labels(asked.labels) if asked.labels else rendered
    person = read_labels(asked.person) if asked.person else truth
    classes = sorted({*truth.values(), *person.values()})
    if len(classes) < 2:
        raise BadInputError("The labels file knows only one class; there is nothing to tell apart.")
    index = {label: place for place, label in enumerate(classes)}
    pattern = asked.group_by or (GROUP_PATTERN if rendered else "")
    plan = SimulationPlan(
        names=list(pictures),
        classes=classes,
        truth=[index.get(label_of(truth, name) or "", -1) for name in pictures],
        person=[index.get(label_of(person, name) or "", -1) for name in pictures],
        sha256=_write_pack(folder, list(pictures.values())),
        answers=asked.answers,
        settings=asked.settings,
        groups=[group_of(pattern, name) or name for name in pictures] if pattern else [],
        weights="pretrained" if asked.weights_dir else "scratch",
        weights_dir=str(asked.weights_dir.resolve()) if asked.weights_dir else "",
        audit=asked.audit,
    )
    if max(plan.truth) < 0 or max(plan.person) < 0:
        raise BadInputError("The labels file names none of these images.")
    return plan


def _pictures(images: str) -> tuple[dict[str, Image.Image], dict[str, str]]:
    """Return the pictures by name, and the labels of those that were drawn here."""
    if found := RENDERED.fullmatch(images):
        drawn = list(render_eyes(int(found[1] or RENDERED_COUNT), RENDERED_SEED))
        return {name: picture for name, _, picture in drawn}, {name: label for name, label, _ in drawn}
    pictures: dict[str, Image.Image] = {}
    with open_source(Path(images), SHELL) as source:
        for name, picture in read_pictures(source):
            picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            pictures[name] = picture
    if not pictures:
        raise BadInputError("None of the pictures can be read.")
    return pictures, {}


def _write_pack(folder: Path, pictures: Sequence[Image.Image]) -> str:
    """Write `pixels.npy` and return its name."""
    same = len({picture.size for picture in pictures}) == 1
    side = max(max(picture.size) for picture in pictures)
    grey = all(picture.mode == "L" for picture in pictures)
    packed = pixels.pack(pictures, pictures[0].size if same else (side, side), grey=grey)
    with atomic_path(folder / "pixels.npy") as temporary, temporary.open("wb") as stream:
        np.save(stream, packed)
    return pixels.digest(packed)


def _run_child(folder: Path, show: Show) -> str | None:
    """Return the sentence of a child that gave up. It ends with this process, whatever becomes of that."""
    command = [sys.executable, "-m", "ml", "simulate", str(folder.resolve()), "--die-with-parent"]
    with (folder / LOG).open("ab") as log:
        child = subprocess.Popen(  # noqa: S603  the command is ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=REPOSITORY, text=True
        )
        failure = None
        try:
            assert child.stdout is not None  # noqa: S101  asked for above
            for line in child.stdout:
                event = decode_event(line)
                if isinstance(event, Progress):
                    show(event.stage, event.done, event.total)
                elif isinstance(event, Failure):
                    failure = event.sentence
            child.wait()
        finally:
            child.kill()  # Who stops this from the keyboard leaves nothing behind.
            child.wait()
    if child.returncode and failure is None:
        return f"The simulation stopped unexpectedly; {folder / LOG} tells more."
    return failure
