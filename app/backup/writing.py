"""Writes a backup while people go on answering: the database as of one moment, then all files that it names.

What a row names was written before the row, so files that are read after the database hold all that it needs.
Left out is what comes back by itself: the pixels of packs, which are decoded again within seconds (but not what
was learnt from them, which takes minutes), renderings, weights from the network, and runs that are not over, as
their jobs can begin anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from app.backup.listing import DATABASE, LISTING, Entry, Listing, database_file
from app.config import Settings
from app.data_folder import locked
from app.db import BUSY_TIMEOUT_MS, sqlite_module
from app.errors import StartError
from app.images.packing import PIXELS
from app.models import now
from app.progress import Show
from app.version import code_version
from ml.rundir import atomic_path, fsync_folder, is_done

ARCHIVE = "archive"
PAGES_A_STEP = 1_000
CHUNK = 1 << 20
QUICKEST = 1
"""Of zlib's levels: a database shrinks by it nearly as much as by the slower ones."""
COUNTED = {"projects": "project", "images": "image", "answers": "annotation", "models": "classifier"}


def write_backup(settings: Settings, out: Path, show: Show) -> Listing:
    """Write the installation into `out`, which is the old file or the whole new one, whatever happens.

    Only its owner may read it: it holds everybody's account. Raise StartError where there is nothing to back up,
    or the database is damaged.
    """
    source = database_file(settings)
    if not source.exists():
        raise StartError(f"There is nothing in the data folder {settings.data_dir} yet.")
    with _workplace(out) as folder, atomic_path(folder / ARCHIVE) as temporary:
        temporary.touch(0o600)
        copy = folder / DATABASE
        schema, rows = _copy_database(source, copy, show)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=QUICKEST) as archive:
            files = list(_pack(archive, {DATABASE: copy, **dict(_files(settings))}, show))
            listing = Listing(now().isoformat(), code_version(), schema, rows, files)
            archive.writestr(LISTING, listing.to_json())
    return listing


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `out`, and clear it away; one that a killed backup has left serves again.

    The archive that is in it at the end becomes `out`. Raise StartError while another backup is written there.
    """
    folder = out.absolute().with_name(f".{out.name}.partial")
    folder.mkdir(0o700, parents=True, exist_ok=True)
    with locked(folder, f"Another backup is just being written to {out}.", alone=True):
        try:
            for left in folder.iterdir():
                left.unlink()
            yield folder
            (folder / ARCHIVE).replace(out)
            fsync_folder(folder.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _copy_database(source: Path, target: Path, show: Show) -> tuple[str, dict[str, int]]:
    """Copy it as of one moment; return its revision, and how many rows of each kind are in the copy."""
    sqlite = sqlite_module()
    with (
        closing(sqlite.connect(source, isolation_level=None)) as ours,
        closing(sqlite.connect(target, isolation_level=None)) as copied,
    ):
        ours.execute(f"pragma busy_timeout={BUSY_TIMEOUT_MS}")
        # A read that stays open holds the moment: without it each answer given meanwhile begins the copy anew.
        ours.execute("begin")
        ours.execute("select count(*) from sqlite_schema").fetchone()
        page = ours.execute("pragma page_size").fetchone()[0]

        def told(_status: int, remaining: int, total: int) -> None:
            show("copying the database", (total - remaining) * page, total * page)

        copied.execute("pragma synchronous=off")  # a copy of no use if the power fails
        ours.backup(copied, pages=PAGES_A_STEP, progress=told)
        return _looked_through(copied)


def _looked_through(copied: Any) -> tuple[str, dict[str, int]]:
    found = str(copied.execute("pragma quick_check(1)").fetchone()[0]).splitlines()[-1]
    if found != "ok":
        raise StartError(f"The database is damaged ({found}); an older backup may not be.")
    (schema,) = copied.execute("select version_num from alembic_version").fetchone()
    counts = {
        name: copied.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: S608  our own names
        for name, table in COUNTED.items()
    }
    return schema, counts


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    # The oldest pack first: unpacked in this order, the newest is the newest again.
    packs = sorted(settings.packs_dir.glob("*/*"), key=_changed_at)
    runs = sorted(run for run in settings.runs_dir.glob("*") if is_done(run))
    for folder in (settings.blobs_dir, *packs, *runs):
        for path in sorted(_files_below(folder)):
            name = path.relative_to(settings.data_dir)
            hidden = any(part.startswith(".") for part in name.parts)
            if path.name != PIXELS and not hidden:
                yield name.as_posix(), path


def _changed_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _files_below(folder: Path) -> Iterator[Path]:
    """As `os.walk` has it, which passes over what is taken away meanwhile."""
    for top, _folders, names in os.walk(folder):
        yield from (Path(top) / name for name in names)


def _pack(archive: zipfile.ZipFile, files: dict[str, Path], show: Show) -> Iterator[Entry]:
    """What was deleted meanwhile, with its project, is left out."""
    sizes = {name: _size(path) for name, path in files.items()}
    done, total = 0, sum(sizes.values())
    for name, path in files.items():
        try:
            yield _add(archive, name, path)
        except FileNotFoundError:
            continue
        done += sizes[name]
        show("writing the archive", done, total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> Entry:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return Entry(name, size, digest.hexdigest())
