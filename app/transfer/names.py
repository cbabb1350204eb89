"""Names for files that others will save and unpack. Pure."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

LONGEST = 200
"""Bytes of one file or folder name; file systems take 255, and a number may be added."""
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


def safe_part(name: str) -> str:
    """Return a name for one file or folder that Linux, macOS and Windows take; its ending survives."""
    text = FORBIDDEN.sub("_", name).rstrip(". ") or "_"
    text = "_" if text in {".", ".."} else text
    if len(text.encode()) <= LONGEST:
        return text
    path = PurePosixPath(text)
    ending = path.suffix if len(path.suffix.encode()) <= 20 else ""
    head = text.encode()[: LONGEST - len(ending.encode())].decode(errors="ignore")
    return head + ending


class Places:
    """Hands out paths of which no two become one, on any file system."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, folder: str, name: str, number: int) -> str:
        """Return `folder/name`, with `number` before the ending where that is taken."""
        part = PurePosixPath(safe_part(name.rsplit("/", 1)[-1]))
        path = f"{folder}/{part}"
        while _as_disks_see_it(path) in self._taken:
            part = part.with_name(f"{part.stem} ({number}){part.suffix}")
            path = f"{folder}/{part}"
        self._taken.add(_as_disks_see_it(path))
        return path


def _as_disks_see_it(path: str) -> str:
    """Some disks tell neither upper from lower case nor two spellings of one accent."""
    return unicodedata.normalize("NFC", path).casefold()


def attachment(name: str) -> dict[str, str]:
    """Return headers that make a browser save the answer under `name` (RFC 6266), whatever it holds."""
    name = safe_part(name)
    spelled = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", spelled).strip("-.") or "export"
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, no-store",
    }
