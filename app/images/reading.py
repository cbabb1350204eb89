"""From a source's entries to the contents that a project does not have yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from app.db import Database
from app.images.reports import ImportCancelledError, ImportProgress, ImportReport
from app.images.sources import Entry, EntryError, Source
from app.images.writing import BYTES_A_BATCH, ROWS_A_BATCH, list_known


@dataclass(frozen=True)
class ReadFile:
    """A file's bytes, not yet decoded."""

    name: str
    sha256: str
    data: bytes


@dataclass
class Reader:
    """Reads a source once, in order; `known` and `files_of` fill up while `unknown_files` is walked."""

    database: Database
    project_id: int
    source: Source
    report: ImportReport
    progress: ImportProgress

    def __post_init__(self) -> None:
        self.known: dict[str, int] = {}
        """Image ids by sha256 of what the project had before."""
        self.names: dict[str, list[str]] = {}
        """All names under which a content came, by sha256."""

    def unknown_files(self) -> Iterator[ReadFile]:
        """Yield each content that is new to the project, once; count and note the other files."""
        for chunk in self._chunks():
            with self.database.read() as session:
                known = list_known(session, self.project_id, {file.sha256 for file in chunk})
            self.known.update(known)
            for file in chunk:
                first_time = file.sha256 not in self.names
                self.names.setdefault(file.sha256, []).append(file.name)
                if first_time and file.sha256 not in known:
                    yield file
                else:
                    self.report.already_there += 1
                    self.progress.step()

    def _chunks(self) -> Iterator[list[ReadFile]]:
        chunk: list[ReadFile] = []
        size = 0
        for entry in self.source.entries:
            file = self._read(entry)
            if file is None:
                continue
            chunk.append(file)
            size += len(file.data)
            if len(chunk) == ROWS_A_BATCH or size > BYTES_A_BATCH:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def _read(self, entry: Entry) -> ReadFile | None:
        if self.progress.cancelled:
            raise ImportCancelledError
        try:
            data = self.source.read(entry)
        except EntryError as error:
            self.report.set_file_aside(entry.name, str(error))
            self.progress.step()
            return None
        return ReadFile(entry.name, hashlib.sha256(data).hexdigest(), data)
