"""Ctrl-C while a command waits for its job, and the command that ends what runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.cli import waiting
from tests.cli.conftest import Squint


@pytest.fixture
def labelled(squint: Squint, eyes_project: str, eyes_zip: tuple[object, object]) -> str:
    squint("annotate", eyes_project, eyes_zip[1], "--source", "seed")
    return eyes_project


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def watched_by(monkeypatch: pytest.MonkeyPatch, *, ours: bool) -> None:
    """Let the person press Ctrl-C at once, while our own or another worker works."""

    @contextmanager
    def works(_shell: object) -> Iterator[bool]:
        yield ours

    monkeypatch.setattr(waiting, "somebody_works", works)
    monkeypatch.setattr(waiting, "_watch", interrupt)


@pytest.mark.parametrize(("ours", "says"), [(False, "goes on without this command"), (True, "last checkpoint")])
def test_one_ctrl_c_leaves_the_job_and_says_what_becomes_of_it(
    squint: Squint, labelled: str, monkeypatch: pytest.MonkeyPatch, *, ours: bool, says: str
):
    watched_by(monkeypatch, ours=ours)
    monkeypatch.setattr(waiting, "AGAIN_WITHIN_S", 0)
    answer = squint("label", labelled, "--wait", code=130)
    assert says in answer.err
    assert "squint cancel" in answer.err
    (job_id,) = squint("cancel", labelled, "--json").json["cancelled"]
    assert len(job_id) == 36


def test_a_second_ctrl_c_cancels_it(squint: Squint, labelled: str, monkeypatch: pytest.MonkeyPatch):
    watched_by(monkeypatch, ours=False)
    monkeypatch.setattr(waiting.time, "sleep", interrupt)
    assert squint("bakeoff", labelled, "--wait", code=130).err.endswith("The job is cancelled.\n")
    assert squint("cancel", labelled).out == "Nothing runs or waits in eyes.\n"


def test_a_job_that_waits_is_cancelled_by_name(squint: Squint, labelled: str):
    squint("bakeoff", labelled)
    assert squint("cancel", labelled).out == "Cancelled: Train the classifiers.\n"


def test_labels_are_replaced_and_taken_back_from_the_shell(
    squint: Squint, labelled: str, eyes_zip: tuple[Path, Path], tmp_path: Path
):
    line = eyes_zip[1].read_text().splitlines()[1]
    name, label = line.split(",")
    other = "closed" if label == "open" else "open"
    file = tmp_path / "other.csv"
    file.write_text(f"filename,label\n{name},{other}\n")
    assert squint("annotate", labelled, file, "--json").json["conflicts"][0]["has"] == label
    said = squint("annotate", labelled, file, "--replace", "--json").json
    assert [c["says"] for c in said["replaced"]] == [other]
    assert squint("annotate", labelled, "--undo", said["upload"], "--json").json["taken_back"] == 1
    assert squint("annotate", labelled, eyes_zip[1], "--json").json["conflicts"] == []
    squint("annotate", labelled, code=1)
    squint("annotate", labelled, file, "--replace", "--source", "audit", code=1)
