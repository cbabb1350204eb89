"""Ctrl-C while a command waits for its job, and the command that ends what runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import update

from app.cli import waiting
from app.cli.shell import opened
from app.jobs.engine import workflows_of
from app.jobs.queue import cancel, submit
from app.models import Job, Project, Worker
from ml.events import Progress
from tests.cli.conftest import Squint
from tests.factories import add_round


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


def test_who_waits_is_told_once_what_for_and_how_far_that_is(
    squint: Squint,
    labelled: str,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    squint("label", labelled)
    squint("bakeoff", labelled)
    with opened(data_dir) as shell:
        with shell.database.write() as session:
            project = session.query(Project).one()
            running = session.query(Job).filter_by(kind="label").one()
            add_round(session, project, {}, number=6)
            running.progress = asdict(Progress("Compact net", 40, 100))
            workflows = workflows_of(shell.database.engine)
            begun = update(workflows).where(workflows.c.workflow_uuid == running.id)
            session.execute(begun.values(status="PENDING"))
            ours = submit(session, "export", project.id, {}, None).id

        def come_on(_seconds: float) -> None:
            """Let the other job do more, and somebody cancel ours in the end."""
            with shell.database.write() as session:
                other = session.get_one(Job, running.id)
                other.progress = {**other.progress, "done": other.progress["done"] + 20}
                if other.progress["done"] < 100:
                    return
            cancel(shell.database, ours)

        monkeypatch.setattr(waiting.time, "sleep", come_on)
        capfd.readouterr()
        _job, status = waiting._watch(shell, ours)
    assert status == "cancelled"
    assert capfd.readouterr().err == "Waits behind: round 7 of eyes, 40 %, then 1 more\n"


def test_whoever_waits_for_another_s_worker_holds_no_read_of_the_database_open(data_dir: Path):
    """The write-ahead log could not be taken back for as long as the job goes on."""
    with opened(data_dir) as shell:
        with shell.database.write() as session:
            session.add(Worker(id="elsewhere-1", host="elsewhere", pid=1))
        with waiting.somebody_works(shell) as ours:
            assert not ours
            assert shell.database.engine.pool.checkedout() == 0


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
