"""Whatever goes wrong, a person reads one plain sentence."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

import typer

from app.errors import AppError


def sentence_of(error: Exception) -> str:
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, AppError):
        return str(error)
    if isinstance(error, OSError):
        return _from_system(error)
    named = type(error).__module__.split(".", 1)[0]
    if named in {"sqlalchemy", "sqlite3", "pysqlite3", "psycopg"}:
        return f"The database does not answer: {_first_line(getattr(error, 'orig', None) or error)}."
    if named == "pydantic_core":
        return _setting(error)
    return _fault(error)


def _usage(error: typer.TyperException) -> str:
    path = getattr(getattr(error, "ctx", None), "command_path", "squint")
    message = error.format_message().strip()
    end = "" if message.endswith((".", "?")) else "."
    return f"{message}{end} `{path} --help` tells more."


def _from_system(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "The disk is full; free some space and try again."
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or _first_line(error)}."


def _setting(error: Exception) -> str:
    first = error.errors()[0]  # type: ignore[attr-defined]
    name = ".".join(str(part) for part in first["loc"]).upper()
    return f"The setting SQUINT_{name} cannot be used: {first['msg']}."


def _fault(error: Exception) -> str:
    """What no rule of ours foresaw: enough for a report, and no more."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return f"Squint has a fault of its own ({type(error).__name__}: {_first_line(error)}; {place})."


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
