"""What a model costs to use, measured on the machine that trained it, by the path that answers everywhere."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ml.data import Images, Normalisation, Rows
from ml.scoring import SCORING_BATCH, score

MOST_RUNS = 30
LONGEST_S = 0.5
"""About what each of the two measurements takes, however slow the net."""
MEGA = 1_000_000


def measure_cost(images: Images, norm: Normalisation, net: nn.Module, rows: Rows) -> dict[str, float]:
    """Return the median milliseconds for one image, and the images a second of full batches."""
    score(images, norm, net, rows[:1])
    alone = _median_seconds(images, norm, net, rows[:1])
    many = np.resize(rows, min(SCORING_BATCH, int(LONGEST_S / alone) + 1))
    together = _median_seconds(images, norm, net, many)
    return {"latency_ms": round(alone * 1000, 3), "images_per_s": round(len(many) / together, 1)}


def _median_seconds(images: Images, norm: Normalisation, net: nn.Module, rows: Rows) -> float:
    """Return what a run takes; its answers are on the CPU by then, so that nothing is still computing."""
    taken: list[float] = []
    while len(taken) < MOST_RUNS and (len(taken) < 2 or sum(taken) < LONGEST_S):
        began = time.perf_counter()
        score(images, norm, net, rows)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


class Memory:
    """The most memory in use since this was made: the accelerator's, or else the process's own."""

    def __init__(self, device: torch.device) -> None:
        self._on_cuda = device.type == "cuda"
        if self._on_cuda:
            torch.cuda.reset_peak_memory_stats(device)
        else:
            _forget_peak()

    @property
    def peak_mb(self) -> float:
        peak = torch.cuda.max_memory_allocated() if self._on_cuda else _peak_bytes()
        return round(peak / MEGA, 1)


def _forget_peak() -> None:
    """Linux alone can; elsewhere the peak is the whole process's so far."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_bytes() -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource  # noqa: PLC0415  not on every system

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
