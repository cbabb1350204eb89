"""The command line: `squint COMMAND …`. Each module here holds one topic's commands."""

from __future__ import annotations

import gc
import sys

if sys.version_info < (3, 11):  # noqa: UP036  said in words, before the first import that needs it
    sys.exit(f"Squint needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

# isort: off
# Each adds its commands to `app`: this is the order of the help page.
from app.cli import servers  # noqa: F401
from app.cli import doctor  # noqa: F401
from app.cli import backup  # noqa: F401
from app.cli import demo  # noqa: F401
from app.cli import people  # noqa: F401
from app.cli import projects  # noqa: F401
from app.cli import images  # noqa: F401
from app.cli import training  # noqa: F401
from app.cli import audit  # noqa: F401
from app.cli import tuning  # noqa: F401
from app.cli import agreement  # noqa: F401
from app.cli import transfer  # noqa: F401
from app.cli import predict  # noqa: F401
from app.cli import evaluate  # noqa: F401
from app.cli import simulate  # noqa: F401

# isort: on
from app.cli.failures import sentence_of
from app.cli.root import app

__all__ = ["app", "main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; every failure is one sentence on stderr and 1."""
    # A start makes half a million objects that stay: looking through them again and again was a fifth of it.
    gc.set_threshold(100_000, 50, 100)
    try:
        outcome = app(args=arguments, prog_name="squint", standalone_mode=False)
    except Exception as error:  # noqa: BLE001  nobody should read a traceback
        print(sentence_of(error), file=sys.stderr)
        return 1
    return outcome if isinstance(outcome, int) else 0
