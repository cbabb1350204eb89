"""Cells that a spreadsheet would take for a formula: quoted on the way out, and as they were on the way in."""

from __future__ import annotations

import re

FORMULA = re.compile(r"'*[=+\-@\t\r]")


def with_quote(cell: str) -> str:
    """Return the cell so that a spreadsheet shows it and runs nothing.

    A cell that begins with a quote before a formula gets another, so that `without_quote` always finds the way
    back.
    """
    return f"'{cell}" if FORMULA.match(cell) else cell


def without_quote(cell: str) -> str:
    """Undo `with_quote`; a cell that it would not have made stays."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell
