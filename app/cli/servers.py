"""Long-running processes."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.disks import refuse_network_disk
from app.cli.options import DataDir
from app.cli.root import app
from app.cli.shell import say, settings_of

if TYPE_CHECKING:
    from app.db import Database

NetworkDisk = Annotated[
    bool,
    typer.Option("--allow-network-disk", help="Let SQLite lie on another machine's disk; it may lose answers."),
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default 8000.")] = None,
    data_dir: DataDir = None,
    allow_network_disk: NetworkDisk = False,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Jobs wait for `squint worker`.")] = False,
) -> None:
    """Start the web server, with a worker beside it; ends with the address and a sign-in link."""
    from app.data_folder import at_work_in  # noqa: PLC0415  `squint --help` needs none of it
    from app.serve import serve as run  # noqa: PLC0415
    from app.users.service import make_terminal_link  # noqa: PLC0415

    settings = settings_of(data_dir, host=host, port=port)
    if not allow_network_disk:
        refuse_network_disk(settings.data_dir, settings.db_url)

    def announce(address: str, database: Database) -> None:
        with database.write() as session:
            link = make_terminal_link(session, settings)
        gc.freeze()
        say(f"Squint is at {address}\nSign in, once: {address}{link}")

    with at_work_in(settings):
        run(settings, announce, with_worker=not no_worker)


@app.command()
def worker(data_dir: DataDir = None, allow_network_disk: NetworkDisk = False) -> None:
    """Start one more worker; on other machines too, where they share PostgreSQL and the data folder."""
    from app.data_folder import at_work_in  # noqa: PLC0415
    from app.jobs.worker import run_worker  # noqa: PLC0415
    from app.serve import prepare  # noqa: PLC0415

    settings = settings_of(data_dir)
    if not allow_network_disk:
        refuse_network_disk(settings.data_dir, settings.db_url)
    with at_work_in(settings):
        prepare(settings).close()
        run_worker(settings)
