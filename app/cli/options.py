"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Project = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or number of the project.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Data folder; else SQUINT_DATA_DIR, else `data` beside the program."),
]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="EMAIL", help="Whose doing this is; default: the first admin."),
]
GroupBy = Annotated[
    str | None, typer.Option(metavar="REGEX", help="Part of the file name that images of one group share.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it is done, with a bar.")]
Threshold = Annotated[float, typer.Option(min=0, max=1, help="A score from here on says positive.")]
USUAL_THRESHOLD = 0.6
"""`ml.metrics.REPORT_THRESHOLD`, which `squint --help` does not wait for."""
