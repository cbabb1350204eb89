"""The command line: `squint COMMAND …`. Each module here holds one topic's commands."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036  said in words, before the first import that needs it
    sys.exit(f"Squint needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

from app.cli import images, people, projects, servers  # noqa: F401  each adds its commands to `app`
from app.cli.failures import sentence_of
from app.cli.root import app

__all__ = ["app", "main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; every failure is one sentence on stderr and 1."""
    try:
        outcome = app(args=arguments, prog_name="squint", standalone_mode=False)
    except Exception as error:  # noqa: BLE001  nobody should read a traceback
        print(sentence_of(error), file=sys.stderr)
        return 1
    return outcome if isinstance(outcome, int) else 0
