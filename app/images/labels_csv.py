"""Reads a labels file, header `filename,label`, or says in one sentence which row cannot be read."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from app.errors import BadInputError, TooLargeError
from app.images.limits import UPLOAD, size_words
from app.languages import gettext as _
from app.languages import written
from app.models import UNSEEN

COLUMNS = ("filename", "label")
LARGEST_CELL = 10_000
SOURCE = "source"


@dataclass(frozen=True)
class LabelRow:
    """One row of a labels file, as written."""

    row: int
    """As a spreadsheet numbers it: the header is row 1."""
    filename: str
    label: str
    accepted: bool = False
    """Our own export says that no person has answered it."""


def read_labels_csv(data: bytes, limit: int = UPLOAD.csv_bytes) -> list[LabelRow]:
    """Return the rows after the header; those without a label are left out: nobody has filled them in yet.

    UTF-8 with or without a byte-order mark, any line ends. Raise BadInputError naming the row.
    """
    if len(data) > limit:
        raise TooLargeError(_("The labels file is larger than %(size)s.") % {"size": size_words(limit)})
    reader = csv.reader(io.StringIO(_decode(data), newline=""), strict=True)
    rows: list[LabelRow] = []
    number = 1
    try:
        at = _columns(next(reader, []))
        for number, cells in enumerate(reader, start=2):
            if any(cells):
                rows.append(_row(number, cells, at))
    except csv.Error as error:
        raise BadInputError(
            _csv_sentence(error) % {"number": number, "most": written(f"{LARGEST_CELL:,}")}
        ) from None
    if not rows:
        raise BadInputError(_("There is no row below the header."))
    return [row for row in rows if row.label]


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise BadInputError(
            _("Row %(number)s: this is not UTF-8 text; please save the file as UTF-8.") % {"number": row}
        ) from None
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise BadInputError(_("Row %(number)s: this is not a text file.") % {"number": row})
    return text


def _columns(header: list[str]) -> tuple[int, int, int | None]:
    """Return where file name and label stand, and the source, which our own export has."""
    names = [cell.strip().lower() for cell in header]
    if all(column in names for column in COLUMNS):
        source = names.index(SOURCE) if SOURCE in names else None
        return names.index(COLUMNS[0]), names.index(COLUMNS[1]), source
    only = names[0] if len(names) == 1 else ""
    for separator, called in ((";", _("semicolons")), ("\t", _("tabs"))):
        if separator in only:
            raise BadInputError(
                _("Row 1: the cells are separated by %(called)s; please use commas.") % {"called": called}
            )
    raise BadInputError(_("Row 1: the header filename,label is missing."))


def _row(number: int, cells: list[str], at: tuple[int, int, int | None]) -> LabelRow:
    *both, source = at
    if len(cells) <= max(both):
        raise BadInputError(_("Row %(number)s: a cell is missing.") % {"number": number})
    filename, label = (cells[i] for i in both)
    if max(len(filename), len(label)) > LARGEST_CELL:
        sentence = _("Row %(number)s: a cell is longer than %(most)s characters.")
        raise BadInputError(sentence % {"number": number, "most": written(f"{LARGEST_CELL:,}")})
    if not filename:
        raise BadInputError(_("Row %(number)s: the file name is empty.") % {"number": number})
    accepted = source is not None and source < len(cells) and cells[source] in UNSEEN
    return LabelRow(number, filename, label, accepted)


def _csv_sentence(error: csv.Error) -> str:
    if "field larger" in str(error):
        return _("After row %(number)s: a cell is longer than %(most)s characters.")
    return _("After row %(number)s: the quotes do not close as they should.")
