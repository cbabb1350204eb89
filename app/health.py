"""Whether this process lives, and whether it can do its work: for container engines and monitors."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.config import Settings
from app.db import Database
from app.models import SignInAttempt, Worker, now
from app.schema import is_current

router = APIRouter()

KEPT_S = 2.0
"""Anybody may ask; the probe, which writes, runs no more often than this."""
LEAST_FREE_BYTES = 200 * 1024**2
"""Below this, answers may soon no longer be kept."""
PROBE = "probe:ready"


@dataclass
class _Kept:
    at: float = float("-inf")
    answer: dict[str, Any] | None = None


_lock = threading.Lock()


@router.get("/healthz")
def healthz() -> dict[str, str]:
    return {"process": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """503 unless rows can be written, the schema is this program's, and the disk has room.

    The workers are named but decide nothing: people can answer without them.
    """
    state = request.app.state
    with _lock:
        kept: _Kept = getattr(state, "readiness", None) or _Kept()
        if time.monotonic() - kept.at > KEPT_S:
            kept = _Kept(time.monotonic(), _probe(state.database, state.settings))
            state.readiness = kept
    answer = kept.answer or {}
    ready = all(answer[part] == "ok" for part in ("database", "schema", "disk"))
    return JSONResponse({"ready": ready, **answer}, 200 if ready else 503)


def _probe(database: Database, settings: Settings) -> dict[str, Any]:
    try:
        return {**_database(database), "disk": _disk(settings), "worker": _worker(database, settings)}
    except SQLAlchemyError as error:
        cause = type(getattr(error, "orig", None) or error).__name__
        return {"database": cause, "schema": "unknown", "disk": _disk(settings), "worker": {}}


def _database(database: Database) -> dict[str, str]:
    """Write and take back a row, and commit: what an answer needs."""
    with database.write() as session:
        session.add(SignInAttempt(key=PROBE))
        session.flush()
        session.execute(delete(SignInAttempt).where(SignInAttempt.key == PROBE))
        current = is_current(session.connection())
    return {"database": "ok", "schema": "ok" if current else "another version's"}


def _disk(settings: Settings) -> str:
    try:
        free = shutil.disk_usage(settings.data_dir).free
    except OSError:
        return "the data folder cannot be read"
    return "ok" if free >= LEAST_FREE_BYTES else f"only {free // 1024**2} MB free"


def _worker(database: Database, settings: Settings) -> dict[str, Any]:
    with database.read() as session:
        newest = session.scalar(select(func.max(Worker.beat_at)))
    if newest is None:
        return {"alive": False}
    seconds = (now() - newest).total_seconds()
    return {"alive": seconds < settings.worker_dead_after_s, "seconds_since_heartbeat": round(seconds, 1)}
