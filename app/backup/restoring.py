"""Puts a backup into an empty data folder: whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.backup.listing import DATABASE, FOLDERS, LISTING, Entry, Listing, database_file
from app.config import Settings
from app.data_folder import alone_in
from app.errors import BadInputError, NoSpaceError, StartError
from app.progress import Show
from app.schema import newest_revision
from ml.rundir import fsync_folder

STAGING = ".restoring"
"""Where the files lie until all are checked. While it is there the folder is no installation yet."""
NO_INSTALLATION = {"weights", "lost+found", STAGING}
"""What may be in a folder that counts as empty."""
CHUNK = 1 << 20
DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, TypeError, KeyError)
"""What `zipfile` and `json` raise for bytes that nobody wrote so."""


def restore_backup(settings: Settings, file: Path, show: Show) -> Listing:
    """Fill the data folder from a backup.

    Raise BadInputError for a file that is damaged, cut off or no backup, StartError for a folder that is not
    empty or in use, or a backup of a newer Squint, NoSpaceError where it does not fit. Nothing is changed then.
    """
    database_file(settings)
    if settings.database_url:
        raise StartError(
            "SQUINT_DATABASE_URL names a database of its own; unset it to restore into a data folder."
        )
    with _opened(file) as (archive, listing):
        _require_known(file, listing)
        with alone_in(settings):
            _require_empty(settings.data_dir)
            _require_room(settings.data_dir, listing)
            _fill(settings.data_dir, file, archive, listing, show)
    return listing


@contextmanager
def _opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, Listing]]:
    with file.open("rb") as stream:
        try:
            archive = zipfile.ZipFile(stream)
            listing = Listing.from_json(archive.read(LISTING).decode())
        except DAMAGES as error:
            raise BadInputError(f"{file} is no backup of Squint, or is damaged or cut off.") from error
        yield archive, listing


def _require_known(file: Path, listing: Listing) -> None:
    if not any(entry.name == DATABASE for entry in listing.files):
        raise BadInputError(f"{file} holds no database.")
    if listing.schema > newest_revision():
        raise StartError(f"{file} was made by a newer Squint ({listing.made_by}); install that version.")


def _require_empty(folder: Path) -> None:
    """Clear away what a restore that was killed has left; raise StartError for anything else."""
    if (folder / STAGING).exists() and not (folder / DATABASE).exists():
        _clear(folder)
    if others := sorted(path.name for path in folder.iterdir() if path.name not in NO_INSTALLATION):
        raise StartError(
            f"{folder} is not empty ({others[0]} is there); restore into a new folder: --data-dir names it."
        )


def _require_room(folder: Path, listing: Listing) -> None:
    needed, free = sum(entry.bytes for entry in listing.files), shutil.disk_usage(folder).free
    if needed > free:
        raise NoSpaceError(f"The backup needs {needed / 1e9:.1f} GB in {folder}; {free / 1e9:.1f} GB are free.")


def _fill(folder: Path, file: Path, archive: zipfile.ZipFile, listing: Listing, show: Show) -> None:
    done, total = 0, sum(entry.bytes for entry in listing.files)
    try:
        for entry in listing.files:
            try:
                _extract(archive, entry, folder / STAGING / entry.name)
            except DAMAGES as error:
                raise BadInputError(f"{file} is damaged at {entry.name}; nothing was changed.") from error
            done += entry.bytes
            show("checking and unpacking", done, total)
        _put_in_place(folder)
    except BaseException:
        _clear(folder)
        raise
    shutil.rmtree(folder / STAGING)


def _extract(archive: zipfile.ZipFile, entry: Entry, target: Path) -> None:
    """Raise one of DAMAGES unless exactly the bytes are there that the listing names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with archive.open(entry.name) as source, target.open("xb") as written:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > entry.bytes:
                raise ValueError(entry.name)
            digest.update(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    if (size, digest.hexdigest()) != (entry.bytes, entry.sha256):
        raise ValueError(entry.name)


def _put_in_place(folder: Path) -> None:
    """The database comes last: with it, and only with it, the folder is an installation."""
    for path, _folders, _files in os.walk(folder / STAGING):
        fsync_folder(Path(path))
    for name in FOLDERS:
        if (folder / STAGING / name).exists():
            (folder / STAGING / name).rename(folder / name)
    fsync_folder(folder)
    (folder / STAGING / DATABASE).rename(folder / DATABASE)
    fsync_folder(folder)


def _clear(folder: Path) -> None:
    (folder / DATABASE).unlink(missing_ok=True)
    for name in (*FOLDERS, STAGING):
        shutil.rmtree(folder / name, ignore_errors=True)
