"""`squint serve` as a person starts it, and how soon commands answer."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.cli import main
from app.db import Database
from app.jobs.presence import Presence
from tests.cli.conftest import Squint

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_serve_ends_its_greeting_with_the_address_and_a_link_that_signs_in(tmp_path: Path):
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "app.cli",
        "serve",
        "--no-worker",
        "--data-dir",
        str(tmp_path),
        "--port",
        str(port),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == f"Squint is at http://127.0.0.1:{port}\n"
        link = re.search(r"http://\S+/links/\S+", process.stdout.readline())
        assert link
        # It was printed only once the server answered.
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").json()["ready"] is True
        assert httpx.get(link[0], headers={"Accept": "text/html"}).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def loaded_by(*arguments: str) -> set[str]:
    program = (
        "import sys; from app.cli import main; code = main(sys.argv[1:]); "
        "print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True)
    return set(answer.stderr.split())


@pytest.mark.parametrize("group", [[], ["user"], ["project"]])
def test_the_list_of_commands_cuts_nothing_short(
    group: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*group, "--help"]) == 0
    _usage, _, listed = capsys.readouterr().out.partition("Commands:")
    assert listed
    assert "..." not in listed
    assert max(map(len, listed.splitlines())) <= 80


def test_help_loads_none_of_the_heavy_libraries():
    """Seconds depend on the machine; what is loaded does not."""
    heavy = {"torch", "sqlalchemy", "fastapi", "dbos", "alembic", "numpy", "PIL", "pydantic", "uvicorn", "tqdm"}
    assert loaded_by("--help") & heavy == set()


def test_status_loads_neither_the_server_nor_the_migrations(data_dir: Path):
    assert loaded_by("status", "x", "--data-dir", str(data_dir)) & {"torch", "uvicorn", "alembic", "cv2"} == set()


@pytest.mark.parametrize("command", ["serve", "label", "export", "predict", "user", "project"])
def test_every_command_explains_itself(command: str):
    answer = subprocess.run(
        [sys.executable, "-m", "app.cli", command, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 0
    assert "Usage: squint" in answer.stdout


def test_the_doctor_finds_this_machine_fit_and_says_each_thing_in_a_line(tmp_path: Path):
    command = [sys.executable, "-m", "app.cli", "doctor", "--data-dir", str(tmp_path)]
    environment = {"SQUINT_PORT": str(free_port()), "PATH": "/usr/bin:/bin"}
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert answer.returncode == 0, answer.stdout
    assert [line.split(":")[0].split(maxsplit=1)[1] for line in answer.stdout.splitlines()] == [
        "Python", "SQLite", "data folder", "disk", "database", "port", "training", "pretrained weights",
    ]  # fmt: skip


def test_the_doctor_tells_whether_this_machines_worker_lives(squint: Squint, data_dir: Path):
    assert "None lives on this machine" in squint("doctor", "--worker", code=1).out
    with closing(Database(f"sqlite:///{data_dir / 'squint.db'}")) as database:
        ours, other = Presence(database), Presence(database)
        other.id, other.host = "other", "elsewhere"
        other.join()
        squint("doctor", "--worker", code=1)
        ours.join()
    assert squint("doctor", "--worker").out == f"ok    worker: alive, process {os.getpid()}\n"


def test_the_doctor_says_what_is_wrong(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "app.cli", "doctor", "--data-dir", str(tmp_path / "file" / "data")]
        environment = {"SQUINT_PORT": str(port), "PATH": "/usr/bin:/bin"}
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert answer.returncode == 1
    assert "WRONG data folder" in answer.stdout
    assert "WRONG port" in answer.stdout
