"""What a backup says of itself, and where its parts belong."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import URL, make_url

from app.config import Settings
from app.errors import StartError

FORMAT = "squint-backup-1"
LISTING, DATABASE = "backup.json", "squint.db"
FOLDERS = ("blobs", "packs", "runs")
"""In the archive as in the data folder."""


@dataclass(frozen=True)
class Entry:
    name: str
    """Its path in the archive and in the data folder."""
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Listing:
    """`backup.json`, the archive's last part."""

    made_at: str
    made_by: str
    """The program's version."""
    schema: str
    """The database's revision."""
    rows: dict[str, int]
    """How many there are of what people ask after."""
    files: list[Entry]
    """All other parts."""
    format: str = FORMAT

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Listing:
        """Raise ValueError, TypeError or KeyError for another format, or what `to_json` did not write.

        A name that would lie outside its place in the data folder is no name that we wrote.
        """
        data = json.loads(text)
        files = [Entry(**entry) for entry in data["files"]]
        if data["format"] != FORMAT or not all(_is_ours(entry.name) for entry in files):
            raise ValueError(data["format"])
        return cls(**{**data, "files": files})


def _is_ours(name: str) -> bool:
    top, *rest = name.split("/")
    if not rest:
        return name == DATABASE
    return top in FOLDERS and all(part and not part.startswith(".") for part in rest)


def database_file(settings: Settings) -> Path:
    """Return SQLite's file; raise StartError with what to do instead where PostgreSQL keeps the rows."""
    url = make_url(settings.db_url)
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "")
    address = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    raise StartError(
        "PostgreSQL keeps the rows here, and its own tools back them up and restore them: first `pg_dump -Fc -f "
        f"squint.dump {address}` (back: `pg_restore`), then copy {', '.join(FOLDERS)} of {settings.data_dir}."
    )
