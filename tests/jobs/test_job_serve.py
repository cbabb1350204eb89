"""`squint serve`: the web server and its worker live and die together."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.config import REPOSITORY, Settings
from app.errors import StartError
from app.serve import address, listen, prepare
from tests.jobs.conftest import Shop, eventually, is_gone


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(shop: Shop) -> Iterator[tuple[subprocess.Popen[str], str]]:
    settings = shop.settings.model_copy(update={"port": free_port()})
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.fake_serve", settings.model_dump_json()],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    try:
        assert process.stdout
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def test_kill_9_of_the_server_takes_all_along_the_next_one_goes_on_and_ends_in_order(empty_shop: Shop):
    job_id = empty_shop.submit(hold=1)
    with serving(empty_shop) as (server, url):
        assert httpx.get(f"{url}/static/app.css").status_code == 200
        first = empty_shop.child(job_id, epochs=1)
        worker = empty_shop.worker_pid()
        server.kill()
        assert eventually(lambda: is_gone(worker) and is_gone(first)) < 3
    with serving(empty_shop) as (server, _):
        second = empty_shop.child(job_id, other_than=first)
        start = time.monotonic()
        server.terminate()
        assert server.wait(20) == 0
        assert time.monotonic() - start < 5
        assert is_gone(second)
    assert empty_shop.workers() == []
    assert empty_shop.epochs(job_id) == [[0, first]]


def test_a_taken_port_is_told_in_one_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"Cannot listen on 127.0.0.1:{port}: Address already in use."):
            listen(Settings(port=port, _env_file=None))


def test_a_data_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StartError, match=r"^The data folder .* cannot be written: Not a directory\.$"):
        prepare(Settings(data_dir=tmp_path / "file" / "data", _env_file=None))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "0.0.0.0", "port": 9000}, "http://localhost:9000"),  # noqa: S104  not bound here
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"public_url": "https://squint.lab"}, "https://squint.lab"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(given: dict[str, object], told: str):
    assert address(Settings(**given, _env_file=None)) == told
