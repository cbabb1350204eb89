"""How files leave over HTTP: written whole first, then sent, so that no transaction waits for a slow receiver."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from fastapi import Response
from fastapi.responses import StreamingResponse

from app.db import Database
from app.transfer.names import attachment

HELD_BYTES = 8 << 20
"""What is larger than this waits on disk."""
PART_BYTES = 1 << 20
Temporary = tempfile.SpooledTemporaryFile[bytes]


def table(
    write: Callable[[Database, int, io.TextIOWrapper], int],
    database: Database,
    project_id: int,
    folder: Path,
    name: str,
) -> Response:
    """The whole table is written before the first byte is sent: the transaction waits for nobody."""
    file = temporary(folder)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    write(database, project_id, text)
    text.flush()
    text.detach()
    return send(file, "text/csv; charset=utf-8", name)


def temporary(folder: Path) -> Temporary:
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.SpooledTemporaryFile(max_size=HELD_BYTES, mode="w+b", dir=str(folder))


def send(file: Temporary, media_type: str, name: str) -> Response:
    headers = {**attachment(name), "Content-Length": str(file.seek(0, io.SEEK_END))}
    return StreamingResponse(_parts(file), media_type=media_type, headers=headers)


def _parts(file: Temporary) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(PART_BYTES):
            yield part
