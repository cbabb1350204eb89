"""Taking labels, images and models away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.options import DataDir, Json, Project
from app.cli.root import app
from app.cli.shell import Shell, find_project, opened_to_read, say, say_json
from app.errors import BadInputError

FolderNames = Literal["class", "number"]


@app.command()
def export(
    project: Project,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    format_: Annotated[
        Literal["csv", "folders", "model"], typer.Option("--format", metavar="FMT", help="csv, folders or model.")
    ] = "csv",
    folders: Annotated[FolderNames, typer.Option(help="Folders named by class, or by number.")] = "class",
    model: Annotated[str, typer.Option(help="Which classifier; default: the best of the newest bake-off.")] = "",
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Write the labels as CSV, the images in class folders as zip, or a classifier as zip."""
    with opened_to_read(data_dir) as shell:
        with shell.database.read() as session:
            project_id = find_project(session, project).id
        if format_ == "csv":
            answer: dict[str, int | str] = {"images": _labels(shell, project_id, out)}
        elif format_ == "folders":
            answer = {"images": _folders(shell, project_id, out, folders)}
        else:
            answer = {"model": _model(shell, project, out, model)}
    _say_written(out, answer, json=json)


@app.command()
def unclear(
    project: Project,
    csv: Annotated[Path, typer.Option("--csv", metavar="OUT", help="The file to write.")],
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Write the images that wait for a person, most useful first, with an empty column for the answers."""
    from app.transfer.service import write_unclear_csv  # noqa: PLC0415  `squint --help` needs none of it

    with opened_to_read(data_dir) as shell:
        with shell.database.read() as session:
            project_id = find_project(session, project).id
        with whole_file(csv) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
            count = write_unclear_csv(shell.database, project_id, text)
    _say_written(csv, {"images": count}, json=json)


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """Yield a path to write to; `out` is the old file or the whole new one, whatever happens."""
    from ml.rundir import atomic_path  # noqa: PLC0415

    if out.is_dir():
        raise BadInputError(f"{out} is a folder; name the file to write.")
    with atomic_path(out) as temporary:
        yield temporary


def _labels(shell: Shell, project_id: int, out: Path) -> int:
    from app.transfer.service import write_labels_csv  # noqa: PLC0415

    with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
        return write_labels_csv(shell.database, project_id, text)


def _folders(shell: Shell, project_id: int, out: Path, folders: FolderNames) -> int:
    from app.transfer.service import export_folders  # noqa: PLC0415

    found = export_folders(shell.database, shell.settings, project_id, folders)
    with whole_file(out) as temporary, temporary.open("wb") as file:
        file.writelines(found.parts)
    return found.count


def _model(shell: Shell, project: str, out: Path, name: str) -> str:
    from app.transfer.service import choose_classifier, prepare_model, write_model_zip  # noqa: PLC0415

    with shell.database.read() as session:
        classifier = choose_classifier(session, find_project(session, project), name)
    model = prepare_model(shell.settings, classifier)
    with whole_file(out) as temporary, temporary.open("wb") as file:
        write_model_zip(model, file)
    return model.name


def _say_written(out: Path, answer: dict[str, int | str], *, json: bool) -> None:
    if json:
        say_json({"file": str(out), "bytes": out.stat().st_size, **answer})
    else:
        what = f"{answer['images']:,} images" if "images" in answer else f"the model {answer['model']}"
        say(f"{out}: {what}, {out.stat().st_size:,} bytes.")
