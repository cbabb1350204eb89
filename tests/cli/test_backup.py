"""An installation in one file, and back: taken while people answer, put in place whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from app.backup import restoring, writing
from app.backup.listing import DATABASE, LISTING, database_file
from app.backup.restoring import STAGING
from app.cli import main
from app.config import REPOSITORY, Settings
from app.data_folder import alone_in
from app.db import Database
from app.errors import StartError
from app.images.packing import PIXELS, build_pack
from app.models import Annotation, Image, Project, User
from app.storage import BlobStore
from ml.likeness import find_features, write_features
from ml.rundir import DONE
from tests.cli.conftest import Squint, refused
from tests.cli.test_servers import free_port
from tests.factories import add_images, add_project, add_round, add_user
from tests.transfer.conftest import add_bakeoff, answer

LARGE = b"a large picture" * 1000
SHA256 = hashlib.sha256(LARGE).hexdigest()


@dataclass
class Place:
    """An installation with all that one may hold."""

    settings: Settings
    database: Database

    def answer(self, row: int) -> None:
        """Somebody says something of the image in this row."""
        with self.database.write() as session:
            project = session.query(Project).one()
            image = session.query(Image).order_by(Image.id).offset(row).first()
            assert image
            answer(session, project, session.query(User).first(), image, project.classes[0], "review")


@pytest.fixture
def place(data_dir: Path) -> Iterator[Place]:
    settings = Settings(data_dir=data_dir, _env_file=None)
    with closing(Database(settings.db_url)) as database:
        with database.write() as session:
            user = add_user(session, "admin", "ann@lab.local")
            project = add_project(session, "eyes", members=[user.id])
            images = add_images(session, project, 40)
            add_round(session, project, {image.id: [(project.classes[1], 0.9)] * 2 for image in images})
            project_id, image_ids = project.id, [image.id for image in images]
        add_bakeoff(database, settings, project_id, image_ids)
        for run in settings.runs_dir.iterdir():
            (run / DONE).touch()
        (settings.runs_dir / "unfinished" / "checkpoints").mkdir(parents=True)
        (settings.runs_dir / "unfinished" / "manifest.json").write_text("{}")
        BlobStore(settings.blobs_dir).put(SHA256, LARGE)
        packed = build_pack(database, settings, project_id)
        write_features(Path(packed.pack.path), read_pixels(Path(packed.pack.path)))
        yield Place(settings, database)


def read_pixels(pack: Path) -> NDArray[np.float32]:
    return np.load(pack / PIXELS).reshape(40, -1).astype(np.float32)


@pytest.fixture
def taken(squint: Squint, place: Place, tmp_path: Path) -> Path:
    file = tmp_path / "squint.backup"
    squint("backup", file)
    return file


def restore(file: Path, target: Path) -> int:
    return main(["restore", str(file), "--data-dir", str(target)])


def answers_in(folder: Path) -> int:
    with closing(Database(f"sqlite:///{folder / DATABASE}")) as database, database.read() as session:
        return session.query(Annotation).count()


def test_what_comes_back_answers_as_before(
    squint: Squint, place: Place, taken: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    target = tmp_path / "new" / "data"
    assert restore(taken, target) == 0
    assert "1 project, 40 images, 0 answers, 1 model, as of 20" in capfd.readouterr().out
    for command in (["results", "eyes"], ["status", "eyes"]):
        before = squint(*command, "--json").json
        assert main([*command, "--json", "--data-dir", str(target)]) == 0
        assert json.loads(capfd.readouterr().out) == before
    for folder, out in ((place.settings.data_dir, "old.zip"), (target, "new.zip")):
        export = ["export", "eyes", str(tmp_path / out), "--format", "safetensors", "--data-dir", str(folder)]
        assert main(export) == 0
    old, new = (zipfile.ZipFile(tmp_path / name) for name in ("old.zip", "new.zip"))
    assert [(i.filename, i.CRC) for i in old.infolist()] == [(i.filename, i.CRC) for i in new.infolist()]
    assert BlobStore(target / "blobs").read(SHA256) == LARGE
    assert not (target / "runs" / "unfinished").exists()
    assert not (target / STAGING).exists()


def test_packs_come_back_with_what_was_learnt_and_get_their_pixels_again(
    place: Place, taken: Path, tmp_path: Path
):
    target = Settings(data_dir=tmp_path / "new", _env_file=None)
    assert restore(taken, target.data_dir) == 0
    assert list(target.packs_dir.rglob(PIXELS)) == []
    with closing(Database(target.db_url)) as database:
        packed = build_pack(database, target, 1)
    assert (read_pixels(Path(packed.pack.path)) == read_pixels(next(place.settings.packs_dir.glob("1/*")))).all()
    found = find_features(target.packs_dir / "1")
    assert found is not None
    assert found[0].tolist() == packed.image_ids


def test_people_answer_while_it_is_taken_and_it_holds_one_moment(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writing, "PAGES_A_STEP", 10)
    for row in range(5):
        place.answer(row)
    rows = iter(range(5, 30))
    stages = []

    def answered(stage: str, done: float, total: float) -> None:
        """Before each step of the copy somebody's answer is committed."""
        stages.append(stage)
        if stage == "copying the database" and (row := next(rows, None)) is not None:
            place.answer(row)

    file = tmp_path / "squint.backup"
    listing = writing.write_backup(place.settings, file, answered)
    during = answers_in(place.settings.data_dir) - 5
    # Each page was copied once: an answer does not begin the copy anew.
    assert 5 < during <= stages.count("copying the database") < 60
    assert listing.rows["answers"] == 5
    assert restore(file, tmp_path / "new") == 0
    assert answers_in(tmp_path / "new") == 5


def test_only_its_owner_may_read_it_and_the_old_one_stays_until_the_new_one_is_whole(
    squint: Squint, taken: Path, place: Place, monkeypatch: pytest.MonkeyPatch
):
    assert taken.stat().st_mode & 0o777 == 0o600
    before = taken.read_bytes()
    monkeypatch.setattr(writing, "_files", lambda _settings: 1 / 0)
    squint("backup", taken, code=1)
    assert taken.read_bytes() == before
    assert [path.name for path in taken.parent.glob(".*")] == []


def test_what_is_deleted_while_it_is_taken_is_left_out(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files = dict(writing._files(place.settings))
    monkeypatch.setattr(writing, "_files", lambda _settings: [*files.items(), ("runs/gone/x", tmp_path / "gone")])
    listing = writing.write_backup(place.settings, tmp_path / "squint.backup", lambda *_: None)
    assert {entry.name for entry in listing.files} == {DATABASE, *files}
    assert restore(tmp_path / "squint.backup", tmp_path / "new") == 0


def test_a_damaged_database_is_not_taken_for_a_backup(squint: Squint, place: Place, tmp_path: Path):
    place.database.close()
    file = place.settings.data_dir / DATABASE
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        page = connection.execute("pragma page_size").fetchone()[0]
        (root,) = connection.execute("select rootpage from sqlite_schema where name = 'prediction'").fetchone()
    with file.open("r+b") as stream:
        stream.seek((root - 1) * page)
        stream.write(b"\xff" * page)
    said = squint("backup", tmp_path / "squint.backup", code=1).err.splitlines()
    assert "database is damaged" in said[-1]
    assert not (tmp_path / "squint.backup").exists()


def test_an_empty_folder_has_no_backup(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    assert main(["backup", str(tmp_path / "b"), "--data-dir", str(tmp_path / "nothing")]) == 1
    assert "There is nothing in the data folder" in capfd.readouterr().err


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


def test_postgres_is_sent_to_its_own_tools_and_the_password_is_not_said():
    settings = Settings(database_url="postgresql+psycopg://ann:secret@db/squint", _env_file=None)
    with pytest.raises(StartError, match=r"`pg_dump -Fc -f squint\.dump postgresql://ann@db/squint`") as refusal:
        database_file(settings)
    assert "secret" not in str(refusal.value)
