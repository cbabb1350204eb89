"""What an import says of itself, file by file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

LISTED = 2000
"""Files named in a report; the counts go on."""

Outcome = Literal["set_aside", "warning", "note"]


@dataclass(frozen=True)
class FileNote:
    file: str
    outcome: Outcome
    reason: str


@dataclass
class ImportReport:
    """Counts of one import: `received = taken + already_there + set_aside`."""

    import_id: int
    name: str
    taken: int = 0
    already_there: int = 0
    """The very same bytes were in the project before, or twice in this import."""
    set_aside: int = 0
    skipped: int = 0
    """Debris of macOS and Windows, not counted as received."""
    labelled: int = 0
    """Images that got their class folder's label."""
    near_duplicates: int = 0
    """Pairs of images so alike that they must stay in one group."""
    seconds: float = 0.0
    notes: list[FileNote] = field(default_factory=list)

    @property
    def received(self) -> int:
        return self.taken + self.already_there + self.set_aside

    def set_file_aside(self, file: str, reason: str) -> None:
        self.set_aside += 1
        self.note(file, "set_aside", reason)

    def warn(self, file: str, reason: str) -> None:
        self.note(file, "warning", reason)

    def summarise(self) -> None:
        """Put into the notes what is said once of the whole import."""
        if self.near_duplicates:
            self.notes.insert(
                0, FileNote("", "note", f"{self.near_duplicates:,} pairs look the same and stay in one group.")
            )
        if self.labelled:
            self.notes.insert(
                0, FileNote("", "note", f"{self.labelled:,} images have a label from their folder.")
            )

    def note(self, file: str, outcome: Outcome, reason: str) -> None:
        if len(self.notes) < LISTED:
            self.notes.append(FileNote(file, outcome, reason))

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "received": self.received}


@dataclass
class ImportProgress:
    """What the page shows while an import runs; written by the import, read by anybody."""

    total: int = 0
    done: int = 0
    stage: str = "reading"
    cancelled: bool = False
    """Set by whoever waits: the import then stops after the batch in hand."""

    def step(self) -> None:
        self.done += 1


class ImportCancelledError(Exception):
    """The person went away; what was taken stays and a second upload completes it."""
