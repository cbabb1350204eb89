"""Whether this machine can run Squint, one line for each thing that it needs."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import DataDir, Json
from app.cli.root import app
from app.cli.shell import say, say_json, settings_of
from app.errors import AppError
from ml.wording import listed

if TYPE_CHECKING:
    from app.config import Settings

LEAST_FREE_BYTES = 2_000_000_000
IMPORT_S = 120
TRAINING = (
    "import ml.uncompiled as u; u.leave_the_compiler_out();"
    "import ml.offline, os, torch, torchvision, ultralytics.nn.tasks as t;"
    "print('torch', torch.__version__, 'on', 'a GPU' if torch.cuda.is_available() else 'the CPU', "
    "'with', os.environ['YOLO_OFFLINE'] == 'true' and 'ultralytics offline' or 'ULTRALYTICS ONLINE')"
)
WEIGHTS = {"resnet50": "resnet50*.pth", "yolov8n-cls": "yolov8n-cls.pt"}
"""The labelers' pretrained weights, by how their files are named."""


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    said: str
    needed: bool = True
    """Whether Squint cannot do without it."""


@app.command()
def doctor(
    worker: Annotated[
        bool, typer.Option("--worker", help="Check only that a worker lives on this machine.")
    ] = False,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Check what Squint needs; exits 1 when something is missing."""
    settings = settings_of(data_dir)
    findings = [_found("worker", _worker, settings)] if worker else list(_examine(settings))
    if json:
        say_json({"ok": all(f.ok or not f.needed for f in findings), "checks": [vars(f) for f in findings]})
    else:
        for found in findings:
            mark = "ok" if found.ok else "WRONG" if found.needed else "note"
            say(f"{mark:<6}{found.name}: {found.said}")
    if not all(found.ok or not found.needed for found in findings):
        raise typer.Exit(1)


def _examine(settings: Settings) -> Iterator[Finding]:
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("Python", _python), ("SQLite", _sqlite), ("data folder", _data_folder), ("disk", _disk),
        ("database", _database), ("port", _port), ("training", _training),
    ]  # fmt: skip
    for name, check in checks:
        yield _found(name, check, settings)
    yield _found("pretrained weights", _weights, settings, needed=False)


def _found(name: str, check: Callable[[Settings], str], settings: Settings, *, needed: bool = True) -> Finding:
    try:
        return Finding(name, True, check(settings), needed)
    except (AppError, OSError) as error:
        return Finding(name, False, str(error), needed)


def _python(_settings: Settings) -> str:
    return sys.version.split()[0]


def _sqlite(settings: Settings) -> str:
    from app.db import sqlite_module  # noqa: PLC0415  `squint --help` needs none of it

    if not settings.db_url.startswith("sqlite"):
        return "not used"
    return str(sqlite_module().sqlite_version)


def _data_folder(settings: Settings) -> str:
    from app.cli.disks import refuse_network_disk  # noqa: PLC0415
    from app.data_folder import make_data_folder  # noqa: PLC0415

    refuse_network_disk(settings.data_dir, settings.db_url)
    return str(make_data_folder(settings))


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.data_dir).free
    if free < LEAST_FREE_BYTES:
        raise AppError(f"Only {free / 1e9:.1f} GB are free; uploads and trainings need 2 GB.")
    return f"{free / 1e9:.0f} GB free"


def _database(settings: Settings) -> str:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from app.db import Database  # noqa: PLC0415
    from app.schema import is_current  # noqa: PLC0415

    try:
        with closing(Database(settings.db_url)) as database, database.engine.connect() as connection:
            current = is_current(connection)
    except SQLAlchemyError as error:
        raise AppError(f"It does not answer: {getattr(error, 'orig', None) or error}") from error
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    return f"{kind}, up to date" if current else f"{kind}, brought up to date at the next start"


def _worker(settings: Settings) -> str:
    from app.db import Database  # noqa: PLC0415
    from app.jobs.presence import list_live_workers  # noqa: PLC0415

    with closing(Database(settings.db_url)) as database, database.read() as session:
        alive = list_live_workers(session, settings.worker_dead_after_s)
    ours = [found for found in alive if found.host == socket.gethostname()]
    if not ours:
        raise AppError("None lives on this machine; `squint worker` starts one.")
    return f"alive, process {ours[0].pid}"


def _port(settings: Settings) -> str:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.host, settings.port))
        except OSError as error:
            raise AppError(f"{settings.host}:{settings.port}: {error.strerror}.") from error
    return f"{settings.host}:{settings.port} is free"


def _training(_settings: Settings) -> str:
    """Torch is tried in a process of its own, as jobs are: a broken one can take its process down."""
    from app.config import REPOSITORY  # noqa: PLC0415

    tried = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", TRAINING],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=IMPORT_S,
        check=False,
    )
    if tried.returncode:
        lines = tried.stderr.strip().splitlines() or [f"it ended with {tried.returncode}"]
        raise AppError(f"Torch cannot be used: {lines[-1]}.")
    return tried.stdout.strip()


def _weights(settings: Settings) -> str:
    missing = [name for name, pattern in WEIGHTS.items() if not any(settings.weights_path.glob(pattern))]
    if missing:
        raise AppError(
            f"{listed(missing)} are not in {settings.weights_path}; they are downloaded when needed, or a "
            "project trains from scratch."
        )
    return f"in {settings.weights_path}"
