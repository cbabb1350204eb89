"""Rows as CSV. Knows no database; line ends are RFC 4180's, so that every line end inside a cell gets quoted."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from app.cells import with_quote


@dataclass(frozen=True)
class Opinion:
    """What a labeler said of an image."""

    label: str
    confidence: float
    """Probability of `label`."""
    score: float
    """Probability of the project's positive class."""


@dataclass(frozen=True)
class Row:
    """An image with its label, where that comes from, and what the newest round's labelers said."""

    filename: str
    label: str
    """Empty: none."""
    state: str
    source: str
    who: str
    when: datetime | None
    opinions: list[Opinion | None]
    """One a labeler; None: it has not seen the image."""


def write_labels(out: TextIO, labelers: Sequence[str], rows: Iterable[Row]) -> int:
    """Write a line for each row and return how many; `labelers` name the columns of the opinions."""
    header = ["filename", "label", "state", "source", "who", "when"]
    lines = ([r.filename, r.label, r.state, r.source, r.who, _time(r.when), *_said(r)] for r in rows)
    return _write(out, header, labelers, lines)


def write_unclear(out: TextIO, labelers: Sequence[str], rows: Iterable[Row]) -> int:
    """Write the images that wait for a person, with room for what the person says."""
    lines = ([row.filename, "", *_said(row)] for row in rows)
    return _write(out, ["filename", "label"], labelers, lines)


def write_sample(out: TextIO, names: Iterable[str]) -> int:
    """Write images to be checked, with room for what the person says, and nothing that could sway them."""
    return _write(out, ["filename", "label"], [], ([name, ""] for name in names))


def _write(out: TextIO, header: list[str], labelers: Sequence[str], lines: Iterable[list[str]]) -> int:
    writer = csv.writer(out)
    said = [f"{name}_{column}" for name in labelers for column in ("class", "confidence", "score")]
    writer.writerow([*header, *said])
    count = 0
    for line in lines:
        writer.writerow([with_quote(cell) for cell in line])
        count += 1
    return count


def _said(row: Row) -> list[str]:
    cells: list[str] = []
    for opinion in row.opinions:
        cells += [opinion.label, f"{opinion.confidence:.6f}", f"{opinion.score:.6f}"] if opinion else ["", "", ""]
    return cells


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
