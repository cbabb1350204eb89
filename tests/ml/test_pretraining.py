"""The pass over the unlabelled images: done once for a pile, resumed where it stopped, made again if damaged."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import torch

from ml import pretraining
from ml.pretraining import FILE, WAITING, Pretraining, PretrainSettings, pretrain
from ml.report import Reporter
from ml.small import shrink
from tests.ml.conftest import pictures


def learning(folder: Path) -> Pretraining:
    return Pretraining(
        shrink(pictures(40)[0], torch.device("cpu")), folder, "a", PretrainSettings(120, checkpoint_every_s=0)
    )


def test_pretraining_resumes_where_it_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = pretrain(learning(tmp_path / "whole"), Reporter(1, io.StringIO()))
    own = pretraining._one_epoch

    def killed(*arguments: Any) -> float:
        if arguments[3] == 2:
            raise KeyboardInterrupt
        return own(*arguments)

    monkeypatch.setattr(pretraining, "_one_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrain(learning(tmp_path / "cut"), Reporter(1, io.StringIO()))
    monkeypatch.setattr(pretraining, "_one_epoch", own)
    resumed = pretrain(learning(tmp_path / "cut"), Reporter(1, io.StringIO()))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    assert [path.name for path in (tmp_path / "cut").iterdir()] == [FILE]


def test_two_jobs_at_once_learn_once_from_the_same_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own, epochs, told = pretraining._one_epoch, [], io.StringIO()
    second: Future[dict[str, torch.Tensor]] = Future()

    def counted(*arguments: Any) -> float:
        if not epochs:
            waits = threading.Thread(
                target=lambda: second.set_result(pretrain(learning(tmp_path), Reporter(1e9, told)))
            )
            waits.start()
            while WAITING not in told.getvalue():
                time.sleep(0.01)
        epochs.append(arguments[3])
        return own(*arguments)

    monkeypatch.setattr(pretraining, "_one_epoch", counted)
    first = pretrain(learning(tmp_path), Reporter(1, io.StringIO()))
    assert all(torch.equal(first[key], value) for key, value in second.result(timeout=30).items())
    assert epochs == sorted(set(epochs))


def test_a_damaged_file_of_weights_is_made_again(tmp_path: Path):
    task = learning(tmp_path)
    pretrain(task, Reporter(1, io.StringIO()))
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:-9])
    assert pretraining.find_pretrained(task) is None
    assert pretrain(task, Reporter(1, io.StringIO()))
