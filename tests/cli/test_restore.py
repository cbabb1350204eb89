"""A backup is put in place whole, or not at all."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.backup import restoring
from app.backup.listing import DATABASE, LISTING
from app.cli import main
from app.config import REPOSITORY, Settings
from app.data_folder import alone_in
from tests.cli.conftest import Squint, refused
from tests.cli.installation import Place, answers_in, restore
from tests.cli.test_servers import free_port

Change = Callable[[bytes], bytes]


def rewritten(change: Callable[[dict[str, bytes]], None]) -> Change:
    """Return a change of the archive's parts, so that the zip around them is whole."""

    def change_parts(data: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        change(parts)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
        return stream.getvalue()

    return change_parts


def renamed(name: str) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        told = json.loads(parts[LISTING])
        told["files"][1]["name"], old = name, told["files"][1]["name"]
        parts[name], parts[LISTING] = parts.pop(old), json.dumps(told).encode()

    return rewritten(change)


def told(**changes: object) -> Change:
    return rewritten(lambda p: p.update({LISTING: json.dumps({**json.loads(p[LISTING]), **changes}).encode()}))


def flipped(data: bytes) -> bytes:
    middle = len(data) // 3
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


DAMAGES: dict[str, tuple[Change, str]] = {
    "empty": (lambda _: b"", "no backup of Squint"),
    "not a zip": (lambda _: b"text" * 100, "no backup of Squint"),
    "cut in the middle": (lambda data: data[: len(data) // 2], "cut off"),
    "cut at the end": (lambda data: data[:-1], "cut off"),
    "a flipped bit": (flipped, "damaged"),
    "another file in its place": (rewritten(lambda p: p.update({DATABASE: b"x" * len(p[DATABASE])})), DATABASE),
    "a longer file in its place": (rewritten(lambda p: p.update({DATABASE: p[DATABASE] + b"x"})), DATABASE),
    "a part missing": (rewritten(lambda p: p.pop(DATABASE)), DATABASE),
    "no database": (told(files=[]), "no database"),
    "another zip": (rewritten(lambda p: p.pop(LISTING)), "no backup of Squint"),
    "another format": (told(format="squint-backup-2"), "no backup of Squint"),
    "a newer schema": (told(schema="9999"), "newer Squint"),
    "a way out": (renamed("../evil"), "no backup of Squint"),
    "a way out below": (renamed("runs/../../evil"), "no backup of Squint"),
    "an absolute path": (renamed("/evil"), "no backup of Squint"),
    "a place of its own": (renamed("weights/evil"), "no backup of Squint"),
    "a hidden place": (renamed("runs/.ssh"), "no backup of Squint"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_or_hostile_changes_nothing(
    taken: Path, tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]
):
    change, sentence = DAMAGES[damage]
    taken.write_bytes(change(taken.read_bytes()))
    target = tmp_path / "new"
    target.mkdir()
    capfd.readouterr()
    assert restore(taken, target) == 1
    said = capfd.readouterr().err.splitlines()
    assert sentence in said[-1]
    assert "Traceback" not in said[-1]
    assert list(target.iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_a_folder_that_holds_something_is_refused(squint: Squint, taken: Path, place: Place, tmp_path: Path):
    held = answers_in(place.settings.data_dir)
    assert "is not empty (blobs is there)" in refused(squint("restore", taken, code=1))
    assert answers_in(place.settings.data_dir) == held
    (tmp_path / "new" / "weights").mkdir(parents=True)
    assert restore(taken, tmp_path / "new") == 0


def test_what_was_restored_is_served_and_nothing_is_restored_under_a_running_server(
    taken: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    target, port = tmp_path / "new", free_port()
    assert restore(taken, target) == 0
    command = [sys.executable, "-m", "app.cli", "serve", "--no-worker", "--data-dir", target, "--port", str(port)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdout.readline() == f"Squint is at http://127.0.0.1:{port}\n"
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").json()["ready"] is True
        for path in target.iterdir():  # somebody believes that this makes room for a backup
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert restore(taken, target) == 1
        assert f"Squint is running on {target}; stop it first." in capfd.readouterr().err
        server.terminate()
    assert restore(taken, target) == 0


def test_while_a_backup_is_restored_nothing_else_begins_there(
    taken: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    settings = Settings(data_dir=tmp_path / "new", _env_file=None)
    with alone_in(settings):
        for command in (["serve", "--port", "1"], ["worker"], ["project", "create", "x", "--classes", "a,b"]):
            assert main([*command, "--data-dir", str(settings.data_dir)]) == 1
            assert "A backup is just being restored" in capfd.readouterr().err
    assert list(settings.data_dir.iterdir()) == []
    assert restore(taken, settings.data_dir) == 0


@pytest.mark.parametrize("at", ["_extract", "_put_in_place", "rename"])
def test_a_restore_that_was_killed_is_begun_anew(
    taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
):
    target, before = tmp_path / "new", tmp_path / "at the kill"

    def killed(*_: object) -> None:
        shutil.copytree(target, before)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if at == "rename":
            patch.setattr(restoring, "fsync_folder", lambda folder: killed() if folder == target else None)
        else:
            patch.setattr(restoring, at, killed)
        assert restore(taken, target) != 0
    assert list(target.iterdir()) == []
    assert not (before / DATABASE).exists()
    assert restore(taken, before) == 0
    assert answers_in(before) == 0
