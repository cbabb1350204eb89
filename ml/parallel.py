"""Several processes train one net together, each on its share of every batch: one a GPU, by torch.distributed."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ml.data import Rows


@dataclass(frozen=True)
class Team:
    """Who trains, as one of them sees it. The first leads: it alone judges, saves and tells."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def share(self, rows: Rows) -> Rows:
        return rows[self.rank :: self.size]

    def joined(self, net: nn.Module) -> nn.Module:
        """Return the net as it is to be trained: gradients are the mean of everybody's."""
        if self.size == 1:
            return net
        on_gpu = next(net.parameters()).is_cuda
        return DistributedDataParallel(net, device_ids=[self.rank] if on_gpu else None)

    def agree(self, *, over: bool) -> bool:
        """Return what the leader says; nobody goes on before it has been said."""
        if self.size == 1:
            return over
        said = [over]
        dist.broadcast_object_list(said, src=0)
        return said[0]


ALONE = Team()
Work = Callable[[Team, torch.device], object]


def size_for(wanted: int, device: torch.device, images: int, batch_size: int) -> int:
    """Return how many processes train: one a GPU unless the settings want another number.

    Everybody gets two images of every batch or more: statistics of a batch need them.
    """
    size = wanted or (torch.cuda.device_count() if device.type == "cuda" else 1)
    smallest = images // -(-images // batch_size)
    return max(min(size, smallest // 2), 1)


@contextmanager
def gathered(size: int, device: torch.device, work: Work) -> Iterator[Team]:
    """Lead a team of this process and `size` − 1 more, which call `work` with their place and device meanwhile.

    `work` travels as a pickle between our own processes.
    """
    if size == 1:
        yield ALONE
        return
    # Not by torch's own way of sending: it shares the memory of weights, and all would write into one net.
    told = pickle.dumps(work)
    with tempfile.TemporaryDirectory(prefix="squint-team-") as folder:
        meeting = Path(folder) / "meeting"
        others = [_start(told, Team(rank, size), meeting, device.type) for rank in range(1, size)]
        try:
            _meet(Team(0, size), meeting, device.type)
            yield Team(0, size)
        finally:
            for other in others:
                other.kill()
                other.join()
            if dist.is_initialized():
                dist.destroy_process_group()


def _start(told: bytes, team: Team, meeting: Path, kind: str) -> BaseProcess:
    process = get_context("spawn").Process(target=_help, args=(told, team, meeting, kind), daemon=True)
    process.start()
    return process


def _help(told: bytes, team: Team, meeting: Path, kind: str) -> None:
    """Work until the leader ends this process, or is gone."""
    threading.Thread(target=_die_with_leader, daemon=True).start()
    sys.stdout = sys.stderr  # The leader's events have the real one to themselves.
    torch.set_num_threads(max((os.cpu_count() or 1) // team.size, 1))
    _meet(team, meeting, kind)
    work: Work = pickle.loads(told)  # noqa: S301  our leader's
    work(team, torch.device(kind, team.rank) if kind == "cuda" else torch.device(kind))


def _die_with_leader() -> None:
    leader = parent_process()
    if leader is not None:
        wait([leader.sentinel])
        os._exit(1)


def _meet(team: Team, meeting: Path, kind: str) -> None:
    if kind == "cuda":
        torch.cuda.set_device(team.rank)
    backend = "nccl" if kind == "cuda" else "gloo"
    dist.init_process_group(backend, f"file://{meeting}", rank=team.rank, world_size=team.size)
