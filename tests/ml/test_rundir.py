"""Writes that are whole or absent, whoever writes at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.rundir import atomic_path


def test_two_who_write_one_file_at_once_do_not_meet(tmp_path: Path):
    target = tmp_path / "picture.png"
    with atomic_path(target) as first:
        first.write_text("the first")
        with atomic_path(target) as second:
            second.write_text("the second")
        assert target.read_text() == "the second"
    assert target.read_text() == "the first"
    assert list(tmp_path.iterdir()) == [target]


def test_what_was_not_written_to_its_end_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    target = tmp_path / "result.json"
    target.write_text("old")

    def write_half() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
