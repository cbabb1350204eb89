"""Opening an exported classifier: torch is loaded here, and only when a command asks for a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import AppError

if TYPE_CHECKING:
    from ml.predict import Model

ModelPath = Annotated[Path, typer.Argument(metavar="MODEL", help="An exported model: its zip or folder.")]


def open_model(path: Path) -> Model:
    """Raise AppError with a sentence for what is no exported model, or a damaged one."""
    from ml.errors import RunError  # noqa: PLC0415
    from ml.predict import load_model  # noqa: PLC0415  torch takes seconds to import

    try:
        return load_model(path)
    except RunError as error:
        raise AppError(str(error)) from error
