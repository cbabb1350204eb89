"""Replaying a project from files: the pack and the plan are made here, the replay runs in a child with torch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app.config import REPOSITORY
from app.errors import AppError, BadInputError
from app.images.importing import open_source
from app.images.labelled import label_of, read_labels, read_pictures
from app.images.limits import SHELL
from ml import pixels
from ml.contract import SIMULATION, SIMULATION_RESULT, Failure, Progress, Recipe, SimulationPlan, decode_event
from ml.rundir import LOG, atomic_path, write_text

LARGEST_SIDE = 224
Show = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Asked:
    """What `squint simulate` was asked to replay."""

    images: Path
    labels: Path
    person: Path | None
    recipe: Recipe
    answers: int
    seed: int
    settings: dict[str, Any]


def run_simulation(asked: Asked, folder: Path, show: Show) -> dict[str, Any]:
    """Replay in `folder` and return the curve; raise AppError with the child's sentence when it gave up."""
    show("reading the images", 0, 1)
    plan = _prepare(asked, folder)
    write_text(folder / SIMULATION, json.dumps(asdict(plan)))
    failure = _run_child(folder, show)
    if failure is not None:
        raise AppError(failure)
    answer: dict[str, Any] = json.loads((folder / SIMULATION_RESULT).read_text("utf-8"))
    return answer


def _prepare(asked: Asked, folder: Path) -> SimulationPlan:
    truth, person = read_labels(asked.labels), read_labels(asked.person or asked.labels)
    pictures = _small_pictures(asked.images)
    classes = sorted({*truth.values(), *person.values()})
    if len(classes) < 2:
        raise BadInputError("The labels file knows only one class; there is nothing to tell apart.")
    index = {label: place for place, label in enumerate(classes)}
    plan = SimulationPlan(
        names=list(pictures),
        classes=classes,
        truth=[index.get(label_of(truth, name) or "", -1) for name in pictures],
        person=[index.get(label_of(person, name) or "", -1) for name in pictures],
        sha256=_write_pack(folder, list(pictures.values())),
        recipe=asked.recipe,
        answers=asked.answers,
        seed=asked.seed,
        settings=asked.settings,
    )
    if max(plan.truth) < 0 or max(plan.person) < 0:
        raise BadInputError("The labels file names none of these images.")
    return plan


def _small_pictures(path: Path) -> dict[str, Image.Image]:
    pictures: dict[str, Image.Image] = {}
    with open_source(path, SHELL) as source:
        for name, picture in read_pictures(source):
            picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            pictures[name] = picture
    if not pictures:
        raise BadInputError("None of the pictures can be read.")
    return pictures


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
        with child:
            assert child.stdout is not None  # noqa: S101  asked for above
            for line in child.stdout:
                event = decode_event(line)
                if isinstance(event, Progress):
                    show(event.stage, event.done, event.total)
                elif isinstance(event, Failure):
                    failure = event.sentence
    if child.returncode and failure is None:
        return f"The simulation stopped unexpectedly; {folder / LOG} tells more."
    return failure
