"""Pictures with their labels, read from files without a project."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from PIL import Image

from app.images.labels_csv import read_labels_csv
from app.images.sources import EntryError, Source
from ml import pixels

Label = TypeVar("Label")


def read_labels(path: Path) -> Mapping[str, str]:
    """Return file name → label; raise BadInputError naming the row that cannot be taken."""
    return {row.filename: row.label for row in read_labels_csv(path.read_bytes())}


def label_of(labels: Mapping[str, Label], name: str) -> Label | None:
    """Return the label of a file: by its path, else by its last part; None where the list has neither."""
    found = labels.get(name)
    return labels.get(name.rsplit("/", 1)[-1]) if found is None else found


def read_pictures(source: Source) -> Iterator[tuple[str, Image.Image]]:
    """Yield every readable picture under its name within the source; what cannot be read is said on stderr."""
    for entry in source.entries:
        try:
            picture = pixels.decode(source.read(entry))
        except (EntryError, pixels.UnreadableImageError) as error:
            print(f"{entry.name}: {error}", file=sys.stderr)  # noqa: T201  the command's own stderr
            continue
        yield entry.name.removeprefix(source.root).lstrip("/"), picture
