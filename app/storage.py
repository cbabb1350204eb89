"""Image bytes too large for a database row: one file each, named by its sha256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ml.rundir import atomic_path

LARGEST_IN_ROW = 256 * 1024
"""Bytes above this size lie in the blob folder; the database keeps their sha256 and size."""


class MissingBlobError(Exception):
    """The file is gone, or no longer what was imported; the message is one sentence for a person."""


@dataclass(frozen=True)
class BlobStore:
    """Content-addressed files below `folder`. A file that is there under its name is whole."""

    folder: Path

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def put(self, sha256: str, data: bytes) -> None:
        """Write `data` durably under its name; a file that was altered is put right."""
        target = self.path(sha256)
        if target.exists() and _digest(target.read_bytes()) == sha256:
            return
        with atomic_path(target) as temporary:
            temporary.write_bytes(data)

    def read(self, sha256: str) -> bytes:
        """Return the bytes as imported; raise MissingBlobError when they are gone or altered."""
        try:
            data = self.path(sha256).read_bytes()
        except OSError:
            raise MissingBlobError("The file is missing from the blob folder.") from None
        if _digest(data) != sha256:
            raise MissingBlobError("The file in the blob folder was altered after the import.")
        return data


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
