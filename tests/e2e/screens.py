"""A real server that can be killed, and a person in real Chromium."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app.db import Database
from app.models import User
from app.security import COOKIE, open_session

ROOT = Path(__file__).resolve().parents[2]
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--in-process-gpu",
]  # fmt: skip


@contextmanager
def chromium(*wanted: str) -> Iterator[Browser]:
    """The quickest Chromium there is, or with `window` the one that people have."""
    find = [ROOT / "scripts" / "find-chromium", *wanted]
    found = subprocess.run(find, capture_output=True, text=True, check=True)
    expect.set_options(timeout=20_000)  # a busy machine is slow, and that is no fault of the page
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=QUIET)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def phone(browser: Browser, server: Server, database: Database, user_id: int) -> Iterator[Page]:
    """A page on a phone, of a person who is signed in to the server."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, base_url=server.url
    )
    sign_in(context, database, user_id, server.url)
    yield context.new_page()
    context.close()


class Server:
    """`squint serve` in a process of its own, on a port that it keeps; with a worker only if asked for."""

    def __init__(self, data_dir: Path, *, worker: bool = False) -> None:
        self.data_dir = data_dir
        self.worker = worker
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "app.cli", "serve", "--port", str(self.port)]
        if not self.worker:
            command.append("--no-worker")
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(self.data_dir)], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, "the server ended at once"
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=2).status_code < 500
        except httpx.TransportError:
            return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """As the kernel does when memory runs out: no time to finish anything."""
        if self.process:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def sign_in(context: BrowserContext, database: Database, user_id: int, url: str) -> None:
    with database.write() as session:
        token = open_session(session, session.get_one(User, user_id), days=1)
    context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
