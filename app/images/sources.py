"""Where an import's files come from: a zip, a folder, or single files just received."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import BadInputError, TooLargeError
from app.images.limits import Limits, size_words
from app.images.names import clean_name, common_root, is_debris, looks_like_picture
from app.languages import gettext as _
from app.languages import written
from ml.pixels import STARTS

LOOKED_INTO = 100
"""Files without a picture's ending that are opened in search of one."""


class EntryError(Exception):
    """This one file is set aside; the message is the reason."""


@dataclass(frozen=True)
class Entry:
    """One file of a source, not yet read."""

    name: str
    """Cleaned: what people see."""
    place: object
    """What the source needs to find it again."""


class Source(ABC):
    """Files in a fixed order, read one by one. Made only when everything about the whole is acceptable."""

    def __init__(self, places: Iterator[tuple[str, object]], limits: Limits) -> None:
        entries = [Entry(clean_name(name), place) for name, place in places]
        self.entries = [entry for entry in entries if not is_debris(entry.name)]
        self.skipped = len(entries) - len(self.entries)
        """What macOS and Windows add by themselves."""
        if len(self.entries) > limits.entries:
            raise TooLargeError(
                _("%(number)s files at once; the limit is %(most)s.")
                % {"number": written(f"{len(self.entries):,}"), "most": written(f"{limits.entries:,}")}
            )
        self.root = common_root([entry.name for entry in self.entries])
        self.limits = limits

    @abstractmethod
    def read(self, entry: Entry) -> bytes:
        """Return the file's bytes; raise EntryError when it cannot be had, or is over the limit."""

    def close(self) -> None:
        return

    def check_size(self, size: int) -> None:
        if size > self.limits.image_bytes:
            raise EntryError(f"Larger than {size_words(self.limits.image_bytes)}.")

    def require_pictures(self) -> None:
        """Raise BadInputError when nothing here is named like a picture, or begins like one."""
        if any(looks_like_picture(entry.name) for entry in self.entries):
            return
        if not any(self._begins_like_picture(entry) for entry in self.entries[:LOOKED_INTO]):
            raise BadInputError(_("There are no pictures in it: JPEG, PNG, WebP and BMP are taken."))

    def _begins_like_picture(self, entry: Entry) -> bool:
        try:
            return self.read(entry).startswith(STARTS)
        except EntryError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class FileSource(Source):
    """Files on disk: a folder's, or uploaded ones under their own names."""

    def read(self, entry: Entry) -> bytes:
        assert isinstance(entry.place, Path)  # noqa: S101  given by this class
        try:
            self.check_size(entry.place.stat().st_size)
            return entry.place.read_bytes()
        except OSError as error:
            raise EntryError(f"The file cannot be read: {error.strerror}.") from None


def open_folder(folder: Path, limits: Limits) -> FileSource:
    """Return all files below `folder`; links are not followed."""
    places = (
        (path.relative_to(folder).as_posix(), path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    )
    return FileSource(places, limits)
