"""`squint serve` whose worker knows the jobs of these tests; prints the address when it is ready."""

from __future__ import annotations

import functools
import json
import sys

from app import serve
from app.config import Settings
from app.db import Database
from app.jobs.supervisor import Supervisor
from tests.jobs.conftest import KINDS


def announce(address: str, _database: Database) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve.Supervisor = functools.partial(Supervisor, arguments=KINDS)  # type: ignore[misc,assignment]
    serve.serve(Settings(**json.loads(sys.argv[1])), announce)
