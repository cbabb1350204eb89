"""The whole installation in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.bars import bar
from app.cli.files import refuse_folder
from app.cli.options import DataDir, Json
from app.cli.root import app
from app.cli.shell import say, say_json, settings_of
from app.progress import Show

if TYPE_CHECKING:
    from app.backup.listing import Listing

MEGABYTE = 1e6


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; an older one is replaced.")],
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Write all of this installation into one file, while people go on working.

    Accounts, projects, images, answers, results and models, as they are at one moment, and what was learnt from
    the unlabelled images. Left out is what comes back by itself: decoded pixels, pretrained weights, and the
    checkpoints of jobs that are not over, which begin anew. The file is as secret as the installation.
    """
    from app.backup.writing import write_backup  # noqa: PLC0415  `squint --help` needs none of it

    refuse_folder(file)
    with bar("MB") as show:
        listing = write_backup(settings_of(data_dir), file, _in_megabytes(show))
    answer = {"file": str(file), "bytes": file.stat().st_size, **_told(listing)}
    if json:
        say_json(answer)
    else:
        say(f"{file}: {_counts(listing)}; {answer['bytes']:,} bytes.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Written by `squint backup`.")],
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Fill an empty data folder from a backup: whole and checked, or not at all."""
    from app.backup.restoring import restore_backup  # noqa: PLC0415

    settings = settings_of(data_dir)
    with bar("MB") as show:
        listing = restore_backup(settings, file, _in_megabytes(show))
    if json:
        say_json({"data_dir": str(settings.data_dir), **_told(listing)})
    else:
        say(f"{settings.data_dir}: {_counts(listing)}, as of {listing.made_at[:16].replace('T', ' ')} UTC.")


def _in_megabytes(show: Show) -> Show:
    return lambda stage, done, total: show(stage, done // MEGABYTE, -(-total // MEGABYTE))


def _told(listing: Listing) -> dict[str, Any]:
    return {"made_at": listing.made_at, "made_by": listing.made_by, "schema": listing.schema,
            "files": len(listing.files), **listing.rows}  # fmt: skip


def _counts(listing: Listing) -> str:
    return ", ".join(f"{count:,} {name if count != 1 else name[:-1]}" for name, count in listing.rows.items())
