"""A short document as plain parts, so that one text serves as Markdown and as a page. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


@dataclass(frozen=True)
class Paragraph:
    kind: ClassVar[str] = "paragraph"
    text: str
    """As all texts here, its line breaks count as spaces."""


@dataclass(frozen=True)
class Bullets:
    kind: ClassVar[str] = "bullets"
    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Code:
    kind: ClassVar[str] = "code"
    language: str
    text: str


@dataclass(frozen=True)
class Section:
    title: str
    blocks: Sequence[Paragraph | Bullets | Table | Code]


def markdown(title: str, sections: Iterable[Section]) -> str:
    """Return the document as CommonMark with tables; whatever the texts hold is shown and not obeyed."""
    lines = [f"# {_plain(title)}", ""]
    for section in sections:
        lines += [f"## {_plain(section.title)}", ""]
        for block in section.blocks:
            lines += [*_lines(block), ""]
    return "\n".join(lines)


def _lines(block: Paragraph | Bullets | Table | Code) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _plain(block.text)
    elif isinstance(block, Bullets):
        yield from (f"- {_plain(item)}" for item in block.items)
    elif isinstance(block, Code):
        yield f"```{block.language}"
        yield block.text
        yield "```"
    else:
        yield _row(block.head)
        yield _row(["---"] * len(block.head), escaped=False)
        yield from map(_row, block.rows)


def _row(cells: Sequence[str], *, escaped: bool = True) -> str:
    return "| " + " | ".join(_plain(cell) if escaped else cell for cell in cells) + " |"


def _plain(text: str) -> str:
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
