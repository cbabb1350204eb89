"""Where nets run, and in which numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


def pick_device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let an operation on the CPU take so many threads while the block runs."""
    usual = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def reduced_precision(device: torch.device) -> AbstractContextManager[object]:
    """Compute products in bfloat16 where the device does that in hardware; else change nothing.

    A processor without such instructions would emulate them, slower than float32.
    """
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", torch.bfloat16)
    if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():  # noqa: SLF001  there is no public name
        return torch.autocast("cpu", torch.bfloat16)
    return nullcontext()
