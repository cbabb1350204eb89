"""Opening an exported classifier: torch or onnxruntime is loaded here, only when a command asks for a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import AppError

if TYPE_CHECKING:
    from ml.onnx_model import OnnxModel
    from ml.predict import Model

ModelPath = Annotated[Path, typer.Argument(metavar="MODEL", help="An exported model: its zip, folder or .onnx.")]


def open_model(path: Path) -> Model | OnnxModel:
    """Raise AppError with a sentence for what is no exported model, or a damaged one."""
    from ml.errors import RunError  # noqa: PLC0415

    try:
        if path.suffix.lower() == ".onnx":
            from ml.onnx_model import OnnxModel  # noqa: PLC0415  it needs no torch

            return OnnxModel(path)
        from ml.predict import load_model  # noqa: PLC0415  torch takes seconds to import

        return load_model(path)
    except RunError as error:
        raise AppError(str(error)) from error
