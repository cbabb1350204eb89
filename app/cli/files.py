"""Files that commands write: each is the old one or the whole new one, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.errors import BadInputError


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """Yield a path to write to, which becomes `out`; raise BadInputError for a folder."""
    from ml.rundir import atomic_path  # noqa: PLC0415  `squint --help` needs none of it

    refuse_folder(out)
    with atomic_path(out) as temporary:
        yield temporary


@contextmanager
def whole_table(out: Path) -> Iterator[TextIO]:
    """As `whole_file`, opened for a table: UTF-8, with the line ends that are written."""
    with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
        yield text


def refuse_folder(out: Path) -> None:
    if out.is_dir():
        raise BadInputError(f"{out} is a folder; name the file to write.")
