"""The command line in this process, over a data folder of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.images.rendered import write_eyes_zip
from tests.cli.installation import Place, installed


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; nothing else may be there."""
        found: dict[str, Any] = json.loads(self.out)
        assert self.out.count("\n") == 1
        return found


Squint = Callable[..., Answer]


@pytest.fixture
def data_dir(tmp_path: Path, sqlite_template: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "squint.db")
    return folder


@pytest.fixture
def squint(data_dir: Path, capfd: pytest.CaptureFixture[str]) -> Squint:
    """Run a command and expect it to end well, or with `code`: then with one sentence on stderr."""

    def run(*arguments: object, code: int = 0) -> Answer:
        capfd.readouterr()
        ended = main([*map(str, arguments), "--data-dir", str(data_dir)])
        answer = Answer(ended, *capfd.readouterr())
        assert ended == code, answer
        assert "Traceback" not in answer.err
        return answer

    return run


def refused(answer: Answer) -> str:
    """Return the one sentence of a refusal."""
    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.rstrip().endswith((".", "?"))
    return answer.err.strip()


@pytest.fixture(scope="session")
def eyes_zip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A zip of 120 rendered eyes, and the CSV of their labels."""
    folder = tmp_path_factory.mktemp("eyes")
    write_eyes_zip(folder / "eyes.zip", 120, 5, folder / "labels.csv")
    return folder / "eyes.zip", folder / "labels.csv"


@pytest.fixture
def eyes_project(squint: Squint, eyes_zip: tuple[Path, Path]) -> str:
    squint("project", "create", "eyes", "--classes", "closed,open", "--recipe", "founding", "--from-scratch")
    squint("import", "eyes", eyes_zip[0], "--group-by", r"(face\d+)_")
    return "eyes"


@pytest.fixture
def place(data_dir: Path) -> Iterator[Place]:
    with installed(data_dir) as filled:
        yield filled


@pytest.fixture
def taken(squint: Squint, place: Place, tmp_path: Path) -> Path:
    """A backup of that place."""
    file = tmp_path / "squint.backup"
    squint("backup", file)
    return file
