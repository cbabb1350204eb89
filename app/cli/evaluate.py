"""Judging an exported classifier on labelled pictures that it has never met."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.bars import bar
from app.cli.exported import AskedThreshold, ModelPath, Threshold, open_model
from app.cli.options import DataDir, Json
from app.cli.root import app
from app.cli.shell import say, say_json
from app.errors import BadInputError

NAMES = {name: name.upper() for name in ("eer", "auc", "mcc", "ece", "f1")} | {
    "eer_threshold": "EER threshold", "brier": "Brier",
}  # fmt: skip


@app.command()
def evaluate(
    model: ModelPath,
    images: Annotated[Path, typer.Option(metavar="PATH", help="A zip, or a folder.")],
    labels: Annotated[Path, typer.Option(metavar="CSV", help="The truth, header filename,label.")],
    group_by: Annotated[
        str, typer.Option(metavar="REGEX", help="Its bracket names a file's group, which counts as one witness.")
    ] = "",
    threshold: AskedThreshold = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Judge a model: every figure with its interval, on pictures that were never imported."""
    from app.evaluation import Judged, judge  # noqa: PLC0415  `squint --help` needs none of it
    from app.projects.grouping import pattern_problem  # noqa: PLC0415

    if problem := pattern_problem(group_by):
        raise BadInputError(f"--group-by: {problem}")
    opened, by = open_model(model, data_dir, threshold)
    judged = Judged(opened.config.classes, opened.config.positive, opened.predict, by.value)
    with bar("images") as show:
        answer = {"model": opened.config.title, **judge(judged, images, labels, group_by, show)}
    if json:
        say_json({**answer, **by.to_dict()})
    else:
        _say(answer, by)


def _say(answer: Mapping[str, Any], by: Threshold) -> None:
    unlabelled = f"; {answer['unlabelled']:,} more have no label" if answer["unlabelled"] else ""
    say(f"{answer['model']} on {answer['images']:,} images in {answer['groups']:,} groups{unlabelled}")
    say(f"Decisions by {by}; intervals 95 %, by bootstrap over groups\n")
    _say_figures(answer["figures"])
    for name, figures in answer["per_class"].items():
        say(f"\n{name}, {figures['support']:,} images")
        _say_figures({part: figure for part, figure in figures.items() if part != "support"})
    say("\nRows are the labels, columns what the model said")
    width = max(8, *(len(name) + 2 for name in answer["classes"]))
    say(" " * width + "".join(f"{name:>{width}}" for name in answer["classes"]))
    for name, row in zip(answer["classes"], answer["confusion_matrix"], strict=True):
        say(f"{name:<{width}}" + "".join(f"{count:>{width},}" for count in row))


def _say_figures(figures: Mapping[str, Any]) -> None:
    for name, figure in figures.items():
        if figure["value"] is not None:
            words = NAMES.get(name, name.replace("_", " "))
            say(f"{words:<18} {figure['value']:.4f}   {figure['low']:.4f} to {figure['high']:.4f}")
