"""Opening a classifier: torch or onnxruntime is loaded here, only when a command asks for a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.shell import find_project, opened_to_read
from app.errors import AppError, NotFoundError, StartError

if TYPE_CHECKING:
    from ml.onnx_model import OnnxModel
    from ml.predict import Model

ModelPath = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="An exported model: its zip, folder or .onnx; or a project's name, for the model in use there.",
    ),
]

Threshold = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="A score from here on says positive, of two; default: as in use, else 0.6."),
]


def usual_or(threshold: float | None, in_use: float | None) -> float:
    """Return what the command was given, else that with which the model is in use, else the report's."""
    from ml.metrics import REPORT_THRESHOLD  # noqa: PLC0415  `squint --help` needs none of it

    return next(value for value in (threshold, in_use, REPORT_THRESHOLD) if value is not None)


def open_model(path: Path, data_dir: Path | None) -> tuple[Model | OnnxModel, float | None]:
    """Return the model, and the threshold with which a project has it in use: None for an exported one.

    Raise AppError with a sentence for what is neither, or is damaged.
    """
    from ml.errors import RunError  # noqa: PLC0415

    folder, threshold = (path, None) if path.exists() or path.suffix else _in_use(path, data_dir)
    try:
        if path.suffix.lower() == ".onnx":
            from ml.onnx_model import OnnxModel  # noqa: PLC0415  it needs no torch

            return OnnxModel(path), None
        from ml.predict import load_model  # noqa: PLC0415  torch takes seconds to import

        return load_model(folder), threshold
    except RunError as error:
        raise AppError(str(error)) from error


def _in_use(name: Path, data_dir: Path | None) -> tuple[Path, float]:
    """Return the folder of the model that the project of this name has in use, and its threshold."""
    from app.results.in_use import find_in_use  # noqa: PLC0415  `squint --help` needs none of it
    from app.transfer.service import choose_classifier, prepare_model  # noqa: PLC0415

    try:
        with opened_to_read(data_dir) as shell, shell.database.read() as session:
            project = find_project(session, str(name))
            in_use = find_in_use(session, project.id)
            if in_use is None:
                raise AppError(f"{project.name} has no model in use; `squint use` takes one.")
            return prepare_model(shell.settings, choose_classifier(session, project)).folder, in_use.threshold
    except (NotFoundError, StartError) as error:
        raise AppError(f"{name} is neither an exported model nor a project with a model: {error}") from error
