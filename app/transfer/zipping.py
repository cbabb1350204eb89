"""A zip made while it is sent: never whole, neither in memory nor on disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MOST_HELD = 1 << 20
PLAIN_FILE = 0o100644 << 16


class Outbox(io.RawIOBase):
    """A file from whose beginning is taken; `zipfile` may go back to what is still there.

    Going back lets it write each entry's size and checksum in front of the entry, where every reader finds them.
    """

    def __init__(self) -> None:
        self._gone = 0
        self._kept = bytearray()
        self._at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or not self._gone <= offset <= self._gone + len(self._kept):
            raise io.UnsupportedOperation("seek")
        self._at = offset
        return offset

    def write(self, data: ReadableBuffer) -> int:
        view = memoryview(data).cast("B")
        start = self._at - self._gone
        self._kept[start : start + len(view)] = view
        self._at += len(view)
        return len(view)

    @property
    def held(self) -> int:
        """Bytes that wait to be taken. No `__len__`: zipfile takes a file that is false for closed."""
        return len(self._kept)

    def take(self) -> bytes:
        taken = bytes(self._kept)
        self._gone += len(taken)
        self._kept.clear()
        return taken


def stream_zip(entries: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield the parts of a zip with these files, stored as they are: pictures do not pack. Same in, same out."""
    outbox = Outbox()
    with zipfile.ZipFile(outbox, "w") as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = PLAIN_FILE
            archive.writestr(info, data)
            if outbox.held > MOST_HELD:
                yield outbox.take()
    yield outbox.take()
