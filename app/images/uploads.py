"""What an uploaded form asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.images.archive import NESTED, open_zip
from app.images.form_files import FormFile, FormFiles
from app.images.limits import Limits
from app.images.sources import Entry, EntryError, FileSource, Source

ZIP_START = b"PK\x03\x04"


@dataclass(frozen=True)
class UploadOptions:
    name: str
    class_folders: bool

    @classmethod
    def of(cls, form: FormFiles) -> UploadOptions:
        count = len(form.files)
        name = form.files[0].name if count == 1 else f"{count:,} files"
        return cls(name[:200], form.fields.get("class_folders") == "true")


class UploadedFiles(FileSource):
    """Single pictures; an archive among them is not opened."""

    def read(self, entry: Entry) -> bytes:
        if entry.name.lower().endswith(NESTED):
            raise EntryError("An archive among single files is not opened; please upload it alone.")
        return super().read(entry)


def open_upload(form: FormFiles, limits: Limits) -> Source:
    """Return a lone zip's files, or the files that were sent; raise as `open_source` does."""
    first = form.files[0]
    if len(form.files) == 1 and _is_zip(first):
        return open_zip(first.path, limits)

    def places() -> Iterator[tuple[str, Path]]:
        yield from ((file.name, file.path) for file in form.files)

    source = UploadedFiles(places(), limits)
    source.require_pictures()
    return source


def _is_zip(file: FormFile) -> bool:
    with file.path.open("rb") as stream:
        return file.name.lower().endswith(".zip") or stream.read(4) == ZIP_START
