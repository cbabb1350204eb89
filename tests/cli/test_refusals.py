"""Every refusal is one plain sentence on stderr and exit status 1, and changes nothing."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.disks import file_system_of, refuse_network_disk
from app.errors import StartError
from tests.cli.conftest import Squint, refused

ROOT = Path(__file__).resolve().parents[2]


def shell(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["status", "nobody"], "There is no project named nobody."),
        (["status", "99999999999999999999"], "There is no project named 99999999999999999999."),
        (["results", "eyes"], "eyes has no results yet; run a bake-off first."),
        (
            ["export", "eyes", "out.zip", "--format", "model"],
            "eyes has no classifiers yet; run a bake-off first.",
        ),
        (["import", "eyes", "nowhere.zip"], "There is no file or folder nowhere.zip."),
        (["annotate", "eyes", "nowhere.csv"], "nowhere.csv: No such file or directory."),
        (["bakeoff", "eyes", "--models", "gpt"], "There is no model named gpt"),
        (["bakeoff", "eyes", "--folds", "1"], "A bake-off has 2 to 20 folds, or none."),
        (["tune", "eyes", "--model", "gpt"], "There is no model named gpt"),
        (["tune", "eyes", "--minutes", "0"], "A search takes up to 1440 minutes."),
        (["label", "eyes", "--set", "epochs"], "--set takes NAME=VALUE, such as epochs=10, not epochs."),
        (["label", "eyes"], "There are no images yet; import some first."),
        (["project", "create", "eyes", "--classes", "a,b"], "There is already a project named eyes."),
        (["project", "create", "one", "--classes", "a"], "A project has two classes or more"),
        (["project", "create", "x", "--classes", "a,b", "--positive", "c"], "The positive class c is none of"),
        (["project", "create", "x", "--classes", "a,b", "--target", "50"], "Between 0.1 and 20 percent, please."),
        (["user", "add", "nonsense"], "nonsense: "),
        (["annotate", "eyes", "x.csv", "--as", "ann@lab.local"], "x.csv: No such file"),
        (["predict", "nowhere.zip", "x.png"], "nowhere.zip is not a model exported by Squint"),
        (["predict", "nowhere", "x.png"], "nowhere is neither an exported model nor a project with a model"),
        (
            ["evaluate", "x.zip", "--images", "x", "--labels", "x", "--group-by", "("],
            "--group-by: This is not a regular",
        ),
    ],
)
def test_each_names_what_is_wrong(squint: Squint, arguments: list[str], sentence: str):
    squint("project", "create", "eyes", "--classes", "closed,open")
    if arguments[0] in {"predict", "evaluate"}:
        answer = shell(*arguments)
        assert (answer.returncode, answer.stdout) == (1, "")
        assert sentence in answer.stderr
        assert answer.stderr.count("\n") == 1
    else:
        assert sentence in refused(squint(*arguments, code=1))


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["nonsense"], ["status", "eyes", "--nonsense"], ["export", "eyes", "o", "--format", "xml"],
     ["results", "eyes", "--threshold", "2"], ["user", "add", "a@b.c", "--role", "king"]],
)  # fmt: skip
def test_a_mistyped_command_says_what_it_expected_and_where_more_is_told(squint: Squint, arguments: list[str]):
    assert "--help` tells more." in refused(squint(*arguments, code=1))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Row 1: the header filename,label is missing."),
        (b"filename;label\na;b\n", "Row 1: the cells are separated by semicolons; please use commas."),
        (b"filename\tlabel\na\tb\n", "Row 1: the cells are separated by tabs"),
        (b"filename,label\na.png,open\nb.png\n", "Row 3: a cell is missing."),
        (b"filename,label\n\xe9.png,open\n", "Row 2: this is not UTF-8 text"),
        (b'filename,label\n"a.png,open\n', "After row 1"),
        (b"filename,label\n," + b"x" * 20_000 + b"\n", "Row 2: a cell is longer than 10,000 characters."),
    ],
)
def test_a_labels_file_that_cannot_be_read_is_refused_by_row(
    squint: Squint, eyes_project: str, tmp_path: Path, data: bytes, sentence: str
):
    (tmp_path / "labels.csv").write_bytes(data)
    assert sentence in refused(squint("annotate", eyes_project, tmp_path / "labels.csv", code=1))
    assert squint("status", eyes_project, "--json").json["seed"] == 0


def test_a_folder_without_a_database_is_not_made_one_by_looking(tmp_path: Path):
    answer = shell("status", "eyes", "--data-dir", tmp_path / "typo")
    assert answer.returncode == 1
    assert "There is nothing in the data folder" in answer.stderr
    assert not (tmp_path / "typo").exists()


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    for command in (["serve"], ["worker"], ["project", "create", "eyes", "--classes", "a,b"]):
        answer = shell(*command, "--data-dir", tmp_path / "file" / "data")
        assert answer.returncode == 1
        assert answer.stderr.count("\n") == 1
        assert "cannot be written" in answer.stderr


def test_a_taken_port_is_said(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = shell("serve", "--port", taken.getsockname()[1], "--data-dir", tmp_path)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "Address already in use." in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_newer_database_is_refused(squint: Squint, data_dir: Path):
    with sqlite3.connect(data_dir / "squint.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    assert "made by a newer Squint" in refused(squint("status", "eyes", code=1))


def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path):
    answer = shell("status", "eyes", env={**os.environ, "SQUINT_PORT": "high"})
    assert answer.returncode == 1
    assert answer.stderr.startswith("The setting SQUINT_PORT cannot be used")
    assert answer.stderr.count("\n") == 1


def test_the_environment_names_the_data_folder_too(squint: Squint, data_dir: Path):
    squint("project", "create", "eyes", "--classes", "closed,open")
    answer = shell("status", "eyes", "--json", env={**os.environ, "SQUINT_DATA_DIR": str(data_dir)})
    assert '"project": "eyes"' in answer.stdout


MOUNTS = """/dev/sda1 / ext4 rw 0 0
server:/lab /mnt/lab nfs4 rw 0 0
/dev/sdb1 /mnt/lab/local\\040disk ext4 rw 0 0
"""


def test_a_network_disk_is_told_from_a_local_one():
    assert file_system_of(Path("/mnt/lab/data"), MOUNTS) == "nfs4"
    assert file_system_of(Path("/mnt/lab/local disk/data"), MOUNTS) == "ext4"
    assert file_system_of(Path("/mnt/laboratory"), MOUNTS) == "ext4"


def test_sqlite_on_a_network_disk_is_refused_and_postgresql_beside_one_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "mounts").write_text(f"server:/lab {tmp_path} nfs rw 0 0\n")
    monkeypatch.setattr("app.cli.disks.MOUNTS", tmp_path / "mounts")
    with pytest.raises(StartError, match="on a network disk"):
        refuse_network_disk(tmp_path / "data", "sqlite:///x")
    refuse_network_disk(tmp_path / "data", "postgresql+psycopg://x")
