"""Takes a form with files straight to disk, never more than the limits allow, and leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, HTTPException, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from app.config import Settings
from app.errors import BadInputError, NoSpaceError, TooLargeError
from app.images.form_files import FormFiles
from app.images.limits import Limits, size_words
from app.languages import gettext as _

STEP_BYTES = 1_000_000
"""Parsed and written at a time, in a thread: the event loop goes on."""
FORM_OVERHEAD = 16_000_000
"""Boundaries and headers of many small files."""
LEFTOVER_SECONDS = 24 * 3600
DISK_FULL = "The disk of the server is nearly full; nothing was uploaded."


async def get_limits(request: Request) -> Limits:
    limits: Limits = request.app.state.limits
    return limits


LimitsDep = Annotated[Limits, Depends(get_limits)]


@asynccontextmanager
async def receive_files(request: Request, settings: Settings, limits: Limits) -> AsyncIterator[FormFiles]:
    """Yield the request's files and fields; unless `keep` is called on them, the files go at the end.

    Raise TooLargeError, NoSpaceError or BadInputError as soon as it is known, HTTPException 415 for another kind
    of body, and ClientDisconnect when the person goes away.
    """
    boundary = _boundary(request)
    most = limits.upload_bytes + FORM_OVERHEAD
    announced = int(request.headers.get("Content-Length", "0"))
    if announced > most:
        raise TooLargeError(_("An upload has at most %(size)s.") % {"size": size_words(limits.upload_bytes)})
    check_disk(settings, limits, announced)
    files = FormFiles(await to_thread.run_sync(_make_folder, settings.uploads_dir), boundary, limits)
    try:
        await _receive(request, files, settings, limits, most)
        yield files
    finally:
        if not files.kept:
            await to_thread.run_sync(files.remove)


async def _receive(request: Request, files: FormFiles, settings: Settings, limits: Limits, most: int) -> None:
    waiting = bytearray()
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most:
            raise TooLargeError(_("An upload has at most %(size)s.") % {"size": size_words(limits.upload_bytes)})
        waiting += chunk
        if len(waiting) >= STEP_BYTES:
            check_disk(settings, limits)
            await _feed(files, waiting)
            waiting = bytearray()
    await _feed(files, waiting)
    files.finish()


async def _feed(files: FormFiles, data: bytearray) -> None:
    try:
        await to_thread.run_sync(files.feed, bytes(data))
    except FormParserError:
        raise BadInputError(_("The upload is not a well-formed form; nothing was taken.")) from None
    except OSError:
        raise NoSpaceError(DISK_FULL) from None


def check_disk(settings: Settings, limits: Limits, announced: int = 0) -> None:
    """Raise NoSpaceError when the upload, and its copy in the database, would leave too little."""
    free = shutil.disk_usage(settings.data_dir).free
    if free - 2 * announced < limits.disk_floor_bytes:
        raise NoSpaceError(DISK_FULL)


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    if kind != b"multipart/form-data":
        raise HTTPException(415, "Please send the files as a form.")
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 70:
        raise BadInputError(_("The form's boundary is missing or too long."))
    return boundary


def _make_folder(uploads: Path) -> Path:
    """Make a folder for one upload, and remove what a killed process left."""
    uploads.mkdir(parents=True, exist_ok=True)
    for old in uploads.iterdir():
        # One that ends just now takes its folder away itself.
        with suppress(FileNotFoundError):
            if old.stat().st_mtime < time.time() - LEFTOVER_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=uploads))
