"""How much an import may bring, in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.languages import gettext as _
from app.languages import written

MB = 1_000_000
GB = 1_000_000_000


def size_words(count: int) -> str:
    """2000000000 → `2 GB`."""
    whole, words = (GB, _("%(number)s GB")) if count >= GB else (MB, _("%(number)s MB"))
    return words % {"number": written(f"{count / whole:g}")}


@dataclass(frozen=True)
class Limits:
    """The defaults are for uploads through the browser, where anybody with the rights may send anything."""

    upload_bytes: int = 2 * GB
    entries: int = 20_000
    unpacked_bytes: int = 8 * GB
    ratio: int = 100
    """Unpacked to packed, for one entry above `ratio_from_bytes` and for the whole archive."""
    ratio_from_bytes: int = MB
    """Small flat pictures pack better than any bomb, and harm nobody."""
    image_bytes: int = 50 * MB
    decode_seconds: float = 10.0
    decode_bytes: int = GB
    """Memory that decoding one picture may take."""
    csv_bytes: int = 20 * MB
    disk_floor_bytes: int = 2 * GB
    """Uploads stop here, long before answers have no room."""

    def for_labels(self) -> Limits:
        return replace(self, upload_bytes=self.csv_bytes, entries=1)


UPLOAD = Limits()
SHELL = Limits(upload_bytes=1000 * GB, entries=5_000_000, unpacked_bytes=1000 * GB)
"""Whoever imports from a shell has the machine already; only what breaks single pictures stays refused."""
