"""File names as they came: shown to people and matched with CSV rows, never used as a path."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

LONGEST = 1000
"""Bytes of UTF-8; PostgreSQL cannot index much more."""
DEBRIS_FOLDERS = {"__MACOSX"}
DEBRIS_NAMES = {".ds_store", "thumbs.db", "desktop.ini"}
PICTURE_ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp")


def clean_name(raw: str) -> str:
    """Return what every database can keep: no NUL, no half characters, not endless; the ending survives.

    Steps upwards and roots are dropped, so that no later use of the name as a path can leave its folder.
    """
    text = raw.replace("\0", "�").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    text = re.sub(r"^[A-Za-z]:", "", text.replace("\\", "/"))
    text = "/".join(part for part in text.split("/") if part not in {"", ".", ".."}) or "unnamed"
    encoded = text.encode()
    if len(encoded) <= LONGEST:
        return text
    head, tail = encoded[: LONGEST - 100], encoded[-60:]
    return f"{head.decode(errors='ignore')}…{tail.decode(errors='ignore')}"


def is_debris(name: str) -> bool:
    """Whether macOS or Windows left this in the archive by itself."""
    parts = name.split("/")
    last = parts[-1]
    return bool(DEBRIS_FOLDERS & set(parts)) or last.lower() in DEBRIS_NAMES or last.startswith("._")


def looks_like_picture(name: str) -> bool:
    return name.lower().endswith(PICTURE_ENDINGS)


def parts_below_root(name: str, root: str) -> tuple[str, ...]:
    """Return the name's folders and file without the archive's one extra root folder."""
    parts = PurePosixPath(name).parts
    return parts[1:] if root and parts[:1] == (root,) else parts


def common_root(names: list[str]) -> str:
    """Return the single top folder that holds every file, or `""`."""
    tops = {name.split("/", 1)[0] if "/" in name else "" for name in names}
    return tops.pop() if len(tops) == 1 else ""
