"""`squint serve`: the web server, and one supervised worker beside it."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable

import uvicorn

from app.config import Settings
from app.data_folder import make_data_folder
from app.db import Database
from app.errors import StartError
from app.jobs.queue import prepare_job_tables
from app.jobs.supervisor import Supervisor
from app.main import create_app
from app.schema import upgrade

THREAD_TURN_S = 0.001
"""Python's own 5 ms would let a page that is being drawn hold every saved answer up for so long."""
SHUTDOWN_S = 5
"""What open answers get to end; longer ones are cut."""

Announce = Callable[[str, Database], None]


def prepare(settings: Settings) -> Database:
    """Make the data folder and bring the tables up to date; raise StartError with a sentence where it cannot."""
    make_data_folder(settings)
    database = Database(settings.db_url)
    upgrade(database)
    prepare_job_tables(database)
    return database


def serve(settings: Settings, announce: Announce, *, with_worker: bool = True) -> None:
    """Serve until SIGTERM or SIGINT; raise StartError when the port or the data folder cannot be used.

    `announce` is called once, when the first request can be answered, with the address. Call this in the main
    thread.
    """
    sys.setswitchinterval(THREAD_TURN_S)
    listening = listen(settings)
    database = prepare(settings)
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.public_url),
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    server = AnnouncingServer(config, lambda: announce(address(settings), database))
    supervisor = Supervisor(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server repeats the signal after its shutdown, which must not keep us from ending the worker.
        signal.signal(number, lambda *_: None)
    if with_worker:
        supervisor.start()
    try:
        server.run(sockets=[listening])
    finally:
        if with_worker:
            supervisor.stop()
        database.close()


class AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens, or raise StartError: two servers on one port would share the requests."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise StartError(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.") from error
    return listening


def address(settings: Settings) -> str:
    """Return how people reach this server from a browser."""
    if settings.public_url:
        return settings.public_url
    everywhere = settings.host in {"0.0.0.0", "::"}  # noqa: S104  compared, not bound
    host = "localhost" if everywhere else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
