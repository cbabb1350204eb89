"""Scoring pictures with an exported classifier."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.bars import bar
from app.cli.exported import AskedThreshold, ModelPath, Threshold, open_model
from app.cli.files import whole_table
from app.cli.options import DataDir, Json
from app.cli.root import app
from app.cli.shell import say, say_json
from app.errors import BadInputError
from app.progress import Show

if TYPE_CHECKING:
    from PIL import Image

    from ml.onnx_model import OnnxModel
    from ml.predict import Model

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
AT_ONCE = 256
"""Pictures that are held in memory together."""
Row = dict[str, str | float]


@app.command()
def predict(
    model: ModelPath,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Pictures, or folders of them.")],
    threshold: AskedThreshold = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="OUT", help="Write a table there.")] = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Score pictures: the probability of the positive class, 0 to 1."""
    pictures = list(_pictures(paths))
    if not pictures:
        raise BadInputError("There are no pictures there: JPEG, PNG, WebP and BMP are read.")
    opened, by = open_model(model, data_dir, threshold)
    with bar("images") as show:
        rows, problems = _score(opened, pictures, by, show)
    for problem in problems:
        print(f"{problem['file']}: {problem['error']}", file=sys.stderr)
    print(f"By {by}.", file=sys.stderr)
    classes = opened.config.classes
    if csv:
        _write_csv(csv, rows)
    if json:
        say_json({"classes": classes, "positive": classes[opened.config.positive], **by.to_dict(),
                  "predictions": rows, "unreadable": problems})  # fmt: skip
    elif not csv:
        for row in rows:
            say(f"{row['score']:.4f}  {row['label']:<12} {row['filename']}")
    if not rows:
        raise typer.Exit(1)


def _pictures(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
        else:
            found.append(path)
    return found


def _score(
    model: Model | OnnxModel, paths: Sequence[Path], by: Threshold, show: Show
) -> tuple[list[Row], list[dict[str, str]]]:
    """An unreadable picture is named, and the others are done."""
    from ml.metrics import decide  # noqa: PLC0415  `squint --help` needs none of it

    rows: list[Row] = []
    problems: list[dict[str, str]] = []
    classes, positive = model.config.classes, model.config.positive
    for start in range(0, len(paths), AT_ONCE):
        pictures = _read(paths[start : start + AT_ONCE], problems)
        scores = model.predict(list(pictures.values()))
        labels = [classes[place] for place in decide(scores, positive, by.value)]
        rows += [
            {"filename": str(path), "label": label, "score": round(float(row[positive]), 6)}
            for path, label, row in zip(pictures, labels, scores, strict=True)
        ]
        show("scoring", min(start + AT_ONCE, len(paths)), len(paths))
    return rows, problems


def _read(paths: Sequence[Path], problems: list[dict[str, str]]) -> dict[Path, Image.Image]:
    from ml.pixels import UnreadableImageError, decode  # noqa: PLC0415  `squint --help` needs none of it

    read: dict[Path, Image.Image] = {}
    for path in paths:
        try:
            read[path] = decode(path.read_bytes())
        except OSError as error:
            problems.append({"file": str(path), "error": f"{error.strerror or error}."})
        except UnreadableImageError as error:
            problems.append({"file": str(path), "error": str(error)})
    return read


def _write_csv(out: Path, rows: list[Row]) -> None:
    from csv import writer  # noqa: PLC0415  the option's name is taken

    from app.cells import with_quote  # noqa: PLC0415

    with whole_table(out) as text:
        table = writer(text)
        table.writerow(["filename", "label", "score"])
        table.writerows(
            [with_quote(str(row["filename"])), with_quote(str(row["label"])), row["score"]] for row in rows
        )
