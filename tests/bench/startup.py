"""The web process: how soon it answers, how much memory it holds then and after some browsing."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from app.models import Pile
from tests.bench.client import Client
from tests.bench.stage import installation, project_with_images, queue_all, signed_in, tell
from tests.e2e.screens import Server

STARTS = 5


def main() -> None:
    with installation() as (settings, database):
        with database.write() as session:
            project = project_with_images(session, 4000)
            queue_all(session, project, Pile.REVIEW)
            _, token = signed_in(session, "admin")
        ready, fresh, used = [], [], []
        for _ in range(STARTS):
            began = time.perf_counter()
            with Server(settings.data_dir) as server:
                ready.append(time.perf_counter() - began)
                fresh.append(resident_mb(server))
                browse(Client(server.port, token), project.id)
                used.append(resident_mb(server))
    tell(
        "startup",
        ready_s_p50=round(statistics.median(ready), 2),
        mb_at_start=round(statistics.median(fresh)),
        mb_after_browsing=round(statistics.median(used)),
    )


def browse(client: Client, project_id: int) -> None:
    pages = ("", "/images", "/labelers", "/results", "/jobs", "/export", "/settings", "/review")
    for _ in range(5):
        for page in pages:
            _, status, _ = client.get(f"/projects/{project_id}{page}")
            assert status == 200, page


def resident_mb(server: Server) -> float:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
