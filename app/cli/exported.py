"""Opening a classifier: torch or onnxruntime is loaded here, only when a command asks for a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

AskedThreshold = Annotated[
    float | None,
    typer.Option(
        "--threshold", min=0, max=1,
        help="A score from here on says positive, of two; default: with which it is in use, else 0.6.",
    ),
]  # fmt: skip
WHENCE = {
    "asked": "as asked for",
    "project": "with which the project uses it",
    "model": "which it carries",
    "usual": "the usual one, as it carries none",
}


@dataclass(frozen=True)
class Threshold:
    """From which score on the answer is positive."""

    value: float
    whence: str | None
    """One of WHENCE; None: it decides nothing, as there are not two classes."""

    def __str__(self) -> str:
        return f"threshold {self.value:g}, {WHENCE[self.whence]}" if self.whence else "the most probable class"

    def to_dict(self) -> dict[str, Any]:
        return {"threshold": self.value if self.whence else None, "threshold_is": self.whence}


def open_model(path: Path, data_dir: Path | None, asked: float | None) -> tuple[Model | OnnxModel, Threshold]:
    """Return the model and its threshold: `asked`, else that with which it is in use, else the report's.

    Raise AppError with a sentence for what is no model, or is damaged.
    """
    from ml.errors import RunError  # noqa: PLC0415
    from ml.metrics import REPORT_THRESHOLD  # noqa: PLC0415  `squint --help` needs none of it

    folder, in_use = (path, None) if path.exists() or path.suffix else _in_use(path, data_dir)
    try:
        model = _load(folder)
    except RunError as error:
        raise AppError(str(error)) from error
    known = {"asked": asked, "project": in_use, "model": model.config.threshold, "usual": REPORT_THRESHOLD}
    whence, value = next((name, value) for name, value in known.items() if value is not None)
    return model, Threshold(value, whence if len(model.config.classes) == 2 else None)


def _load(path: Path) -> Model | OnnxModel:
    if path.suffix.lower() == ".onnx":
        from ml.onnx_model import OnnxModel  # noqa: PLC0415  it needs no torch

        return OnnxModel(path)
    from ml.uncompiled import leave_the_compiler_out  # noqa: PLC0415

    leave_the_compiler_out()
    from ml.predict import load_model  # noqa: PLC0415  torch takes seconds to import

    return load_model(path)


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
