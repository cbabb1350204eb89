"""Scoring pictures with an exported classifier."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.exported import ModelPath, open_model
from app.cli.options import Json
from app.cli.root import app
from app.cli.shell import say, say_json
from app.errors import BadInputError

if TYPE_CHECKING:
    from ml.predict import Model

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@app.command()
def predict(
    model: ModelPath,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Pictures, or folders of them.")],
    csv: Annotated[Path | None, typer.Option("--csv", metavar="OUT", help="Write a table there.")] = None,
    json: Json = False,
) -> None:
    """Score pictures: the probability of the positive class, 0 to 1."""
    pictures = list(_pictures(paths))
    if not pictures:
        raise BadInputError("There are no pictures there: JPEG, PNG, WebP and BMP are read.")
    opened = open_model(model)
    rows, problems = _score(opened, pictures)
    for problem in problems:
        print(f"{problem['file']}: {problem['error']}", file=sys.stderr)
    classes = opened.config.classes
    if csv:
        _write_csv(csv, rows)
    if json:
        say_json({"classes": classes, "positive": classes[opened.config.positive], "predictions": rows,
                  "unreadable": problems})  # fmt: skip
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


def _score(model: Model, pictures: list[Path]) -> tuple[list[dict[str, str | float]], list[dict[str, str]]]:
    """One picture at a time: an unreadable one is named, and the others are done."""
    from ml.pixels import UnreadableImageError  # noqa: PLC0415

    rows: list[dict[str, str | float]] = []
    problems: list[dict[str, str]] = []
    for picture in pictures:
        try:
            probabilities = model.predict([picture])[0]
        except OSError as error:
            problems.append({"file": str(picture), "error": f"{error.strerror or error}."})
            continue
        except UnreadableImageError as error:
            problems.append({"file": str(picture), "error": str(error)})
            continue
        label = model.config.classes[int(probabilities.argmax())]
        score = round(float(probabilities[model.config.positive]), 6)
        rows.append({"filename": str(picture), "label": label, "score": score})
    return rows, problems


def _write_csv(out: Path, rows: list[dict[str, str | float]]) -> None:
    from csv import writer  # noqa: PLC0415  the option's name is taken

    from app.cells import with_quote  # noqa: PLC0415
    from app.cli.transfer import whole_file  # noqa: PLC0415

    with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
        table = writer(text)
        table.writerow(["filename", "label", "score"])
        table.writerows(
            [with_quote(str(row["filename"])), with_quote(str(row["label"])), row["score"]] for row in rows
        )
