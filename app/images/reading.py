"""From a source's entries to the contents that a project does not have yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.db import Database
from app.images.class_folders import ClassFolders
from app.images.reports import ImportCancelledError, ImportProgress, ImportReport
from app.images.sources import Entry, EntryError, Source
from app.images.writing import BYTES_A_BATCH, ROWS_A_BATCH, list_known
from app.parts import in_batches
from app.storage import LARGEST_IN_ROW, BlobStore


@dataclass(frozen=True)
class ReadFile:
    """A file's bytes, not yet decoded."""

    name: str
    sha256: str
    data: bytes


@dataclass
class Reader:
    """Reads a source once, in order; `known` and the class folders fill up while `unknown_files` is walked."""

    database: Database
    project_id: int
    store: BlobStore
    source: Source
    report: ImportReport
    progress: ImportProgress
    folders: ClassFolders | None = None
    known: set[int] = field(default_factory=set)
    """Ids of the images of this source that the project had before."""

    def unknown_files(self) -> Iterator[ReadFile]:
        """Yield each content that is new to the project, once; count and note the other files."""
        seen: set[str] = set()
        for chunk in self._chunks():
            with self.database.read() as session:
                known = list_known(session, self.project_id, {file.sha256 for file in chunk})
            self.known.update(known.values())
            for file in chunk:
                if self.folders:
                    self.folders.note(file.name, file.sha256)
                if file.sha256 in seen or file.sha256 in known:
                    self._put_right(file)
                    self.report.already_there += 1
                    self.progress.step()
                else:
                    seen.add(file.sha256)
                    yield file

    def _put_right(self, file: ReadFile) -> None:
        """A second upload brings back a file that was lost from the blob folder."""
        if len(file.data) > LARGEST_IN_ROW:
            self.store.put(file.sha256, file.data)

    def _chunks(self) -> Iterator[list[ReadFile]]:
        files = (file for entry in self.source.entries if (file := self._read(entry)))
        return in_batches(files, lambda file: len(file.data), most=ROWS_A_BATCH, most_bytes=BYTES_A_BATCH)

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
