"""A child process and what it prints, without any database."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from sqlalchemy.exc import OperationalError

from app.jobs.attempts import JobFailedError, SupersededError
from app.jobs.child import Ending, run_child
from ml.events import MetricPoint, Progress, encode_event
from ml.rundir import LOG
from tests.jobs.conftest import eventually, is_gone

NO_LIMIT = 60.0


class Listener:
    """Keeps what was heard; `fails` times the database does not answer."""

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.progress: Progress | None = None
        self.points: list[MetricPoint] = []
        self.calls = 0

    def __call__(self, progress: Progress | None, points: Sequence[MetricPoint]) -> None:
        self.calls += 1
        if self.calls <= self.fails:
            raise OperationalError("insert", {}, Exception("database is locked"))
        self.progress = progress or self.progress
        self.points += points


def carry_on() -> None:
    pass


def run(folder: Path, program: str, listener: Listener | None = None, limit_s: float = NO_LIMIT) -> Ending | None:
    command = [sys.executable, "-uc", program]
    return run_child(command, folder, heard=listener or Listener(), check=carry_on, limit_s=limit_s)


def printing(*lines: str, then: str = "") -> str:
    return "\n".join([*(f"print({line!r})" for line in lines), then])


def point(step: int, value: float = 0.5) -> str:
    return encode_event(MetricPoint("Net", "train_loss", step, value))


def test_events_are_heard_and_all_else_is_logged(tmp_path: Path):
    listener = Listener()
    strange = ["plain words", "[1, 2]", '{"event": "metric"}', '{"event": "unknown"}', "ÿ€"]
    program = printing(
        *strange, point(1), encode_event(Progress("Net", 1, 2)), then="import os; os.write(1, b'\\xff\\n')"
    )
    assert run(tmp_path, program, listener) is None
    assert (listener.progress.stage, [p.step for p in listener.points]) == ("Net", [1])
    log = (tmp_path / LOG).read_bytes()
    assert all(line.encode() in log for line in strange)
    assert b"\xff" in log


def test_what_a_database_would_refuse_is_logged_and_not_heard(tmp_path: Path):
    listener = Listener()
    words = point(1).replace("0.5", '"words"')
    run(tmp_path, printing(point(1, float("nan")), point(2, float("-inf")), words, point(3)), listener)
    assert [p.step for p in listener.points] == [3]
    assert "words" in (tmp_path / LOG).read_text()


def test_a_line_of_megabytes_stops_nobody(tmp_path: Path):
    listener = Listener()
    assert run(tmp_path, f"print('x' * 3_000_000)\n{printing(point(1))}", listener) is None
    assert len(listener.points) == 1


def test_no_point_is_lost_while_the_database_does_not_answer(tmp_path: Path):
    listener = Listener(fails=1)
    pauses = "\nimport time; time.sleep(0.7)\n"
    run(tmp_path, pauses.join(printing(point(step)) for step in range(3)), listener)
    assert [p.step for p in listener.points] == [0, 1, 2]


def test_at_most_two_writes_a_second(tmp_path: Path):
    listener = Listener()
    program = "import time\nfor _ in range(100):\n    print(" + repr(point(1)) + "); time.sleep(0.01)"
    start = time.monotonic()
    run(tmp_path, program, listener)
    assert len(listener.points) == 100
    assert listener.calls <= 2 * (time.monotonic() - start) + 2


def test_beyond_its_time_limit_a_child_is_ended_and_the_job_has_failed(tmp_path: Path):
    program = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\nwhile True: pass"
    with pytest.raises(JobFailedError, match=r"longer than its time limit of 0\.5 seconds"):
        run(tmp_path, program, limit_s=0.5)
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_when_the_check_refuses_the_child_is_ended(tmp_path: Path):
    def refuse() -> None:
        raise SupersededError("no longer ours")

    start = time.monotonic()
    with pytest.raises(SupersededError):
        run_child([sys.executable, "-c", "while True: pass"], tmp_path, heard=Listener(), check=refuse, limit_s=9)
    assert time.monotonic() - start < 6
    assert not [child for child in psutil.Process().children() if child.cmdline()[-1:] == ["while True: pass"]]


def test_an_older_child_in_the_same_run_folder_is_ended_first(tmp_path: Path):
    older = psutil.Popen(
        [sys.executable, "-c", LOCKING, str(tmp_path)], cwd=Path(__file__).parents[2], stdin=-1, stdout=-1
    )
    try:
        pid = int(older.stdout.readline())
        assert run(tmp_path, printing("after it")) is None
        eventually(lambda: is_gone(pid))
    finally:
        older.kill()
        older.wait()


LOCKING = """
import os, signal, subprocess, sys
from pathlib import Path
from app.jobs.runlock import note_holder, take_lock
lock = take_lock(Path(sys.argv[1]))
child = subprocess.Popen(["sleep", "60"], start_new_session=True, pass_fds=[lock.fileno()])
note_holder(lock, child.pid)
lock.close()
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os; os.kill(os.getpid(), 9)", "was killed, most likely because the machine ran out of memory"),
        ("import os; os._exit(137)", "was killed, most likely because the machine ran out of memory"),
        ("import os; os.kill(os.getpid(), 11)", "crashed (segmentation fault)"),
        ("import os; os.kill(os.getpid(), 15)", "was stopped from outside"),
        ("import os; os.kill(os.getpid(), 31)", "was ended by signal 31"),
    ],
)
def test_each_signal_has_its_sentence_and_may_be_tried_again(tmp_path: Path, code: str, sentence: str):
    assert run(tmp_path, code) == Ending(f"The training process {sentence}.", is_crash=True)


def test_the_childs_own_sentence_goes_before_all_others(tmp_path: Path):
    program = """print('{"event": "failure", "sentence": "No weights."}')\nraise SystemExit(1)"""
    assert run(tmp_path, program) == Ending("No weights.", is_crash=False)
