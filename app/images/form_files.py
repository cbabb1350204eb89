"""A multipart form, parsed as it comes in: each file goes to a file of ours, under a number."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart import MultipartParser
from python_multipart.multipart import parse_options_header

from app.errors import BadInputError, TooLargeError
from app.images.limits import Limits
from app.languages import gettext as _
from app.languages import written

MOST_FIELDS = 20
LONGEST_FIELD = 4000
"""Bytes."""


@dataclass
class FormFile:
    """A file as it was sent, lying under a name of ours."""

    name: str
    """As the browser sent it; for people only."""
    path: Path


@dataclass
class _Part:
    """The part of the form that is being read."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytearray = field(default_factory=bytearray)
    stream: BinaryIO | None = None
    header: bytes = b""
    header_value: bytes = b""


class FormFiles:
    """What came so far; fed by `feed`, complete after `finish`."""

    def __init__(self, folder: Path, boundary: bytes, limits: Limits) -> None:
        self.folder = folder
        self.files: list[FormFile] = []
        self.fields: dict[str, str] = {}
        self.kept = False
        self._most_files = limits.entries
        self._part = _Part()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_header,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._end,
                "on_end": self._on_end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Raise FormParserError for what is no form, OSError when the disk is full, or a refusal."""
        self._parser.write(data)

    def finish(self) -> None:
        if not self._ended:
            raise BadInputError(_("The upload was cut off; nothing was taken."))
        if not self.files:
            raise BadInputError(_("There is no file in the form."))

    def keep(self) -> None:
        """Leave the files to somebody who will call `remove`."""
        self.kept = True

    def remove(self) -> None:
        if self._part.stream:
            self._part.stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self) -> None:
        self._part = _Part()

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._part.headers[self._part.header.lower()] = self._part.header_value
        self._part.header = self._part.header_value = b""

    def _on_headers(self) -> None:
        disposition = self._part.headers.get(b"content-disposition", b"")
        _kind, options = parse_options_header(disposition.decode("latin-1"))
        self._part.name = options.get(b"name", b"")
        if b"filename" not in options:
            if len(self.fields) >= MOST_FIELDS:
                raise BadInputError(_("The form has more than %(number)s fields.") % {"number": MOST_FIELDS})
            return
        if len(self.files) >= self._most_files:
            sentence = _("More than %(number)s files at once; please send them as a zip.")
            raise TooLargeError(sentence % {"number": written(f"{self._most_files:,}")})
        file = FormFile(options[b"filename"].decode("utf-8", "replace"), self.folder / f"{len(self.files):08d}")
        self.files.append(file)
        self._part.stream = file.path.open("wb")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.stream:
            self._part.stream.write(memoryview(data)[start:end])
            return
        self._part.value += data[start:end]
        if len(self._part.value) > LONGEST_FIELD:
            sentence = _("A field of the form is longer than %(number)s bytes.")
            raise BadInputError(sentence % {"number": LONGEST_FIELD})

    def _end(self) -> None:
        if self._part.stream:
            self._part.stream.close()
        else:
            name = self._part.name.decode("utf-8", "replace")
            self.fields[name] = self._part.value.decode("utf-8", "replace")

    def _on_end(self) -> None:
        self._ended = True
