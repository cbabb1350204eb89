"""An installation in one file: taken while people answer, and what comes back of it."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from app.backup import writing
from app.backup.listing import DATABASE, database_file
from app.backup.restoring import STAGING
from app.cli import main
from app.config import Settings
from app.data_folder import locked
from app.db import Database
from app.errors import StartError
from app.images.packing import PIXELS, build_pack
from app.storage import BlobStore
from ml.likeness import find_features
from tests.cli.conftest import Squint, refused
from tests.cli.installation import LARGE, SHA256, Place, answers_in, read_pixels, restore


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


def test_a_backup_that_was_killed_leaves_nothing_behind_the_next_one(
    squint: Squint, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "backups" / "squint.backup"
    with monkeypatch.context() as patch:
        patch.setattr(writing.shutil, "rmtree", lambda *_, **__: None)  # so that all stays as kill -9 leaves it
        patch.setattr(writing, "_pack", lambda *_: 1 / 0)
        squint("backup", out, code=1)
    (left,) = out.parent.iterdir()
    assert [path.name for path in left.iterdir()] == [DATABASE]
    with locked(left, "", alone=True):
        assert "Another backup is just being written" in refused(squint("backup", out, code=1))
    squint("backup", out)
    assert list(out.parent.iterdir()) == [out]


def test_what_is_deleted_while_it_is_taken_is_left_out(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files = dict(writing._files(place.settings))
    monkeypatch.setattr(writing, "_files", lambda _settings: [*files.items(), ("runs/gone/x", tmp_path / "gone")])
    listing = writing.write_backup(place.settings, tmp_path / "squint.backup", lambda *_: None)
    assert {entry.name for entry in listing.files} == {DATABASE, *files}
    assert restore(tmp_path / "squint.backup", tmp_path / "new") == 0


def test_a_pack_that_is_taken_away_just_now_is_no_obstacle(place: Place, tmp_path: Path):
    (place.settings.packs_dir / "1" / "gone").symlink_to("nowhere")
    listing = writing.write_backup(place.settings, tmp_path / "squint.backup", lambda *_: None)
    assert [entry.name for entry in listing.files if "packs/1/gone" in entry.name] == []


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


def test_postgres_is_sent_to_its_own_tools_and_the_password_is_not_said():
    settings = Settings(database_url="postgresql+psycopg://ann:secret@db/squint", _env_file=None)
    with pytest.raises(StartError, match=r"`pg_dump -Fc -f squint\.dump postgresql://ann@db/squint`") as refusal:
        database_file(settings)
    assert "secret" not in str(refusal.value)
