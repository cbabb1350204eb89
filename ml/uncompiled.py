"""Spares every training and every answer the second and a half of a core that loading torch's compiler takes.

Nothing is compiled here. Yet torchvision asks the compiler at its import, and every optimizer at every step,
whether something is. What stands in its place knows that answer, and fetches the compiler for whoever wants more.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"
UTILS = f"{COMPILER}.utils"


class Absent(ModuleType):
    """Stands for a module until it is asked for what it does not have."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and (self.__name__, name) != (COMPILER, "__path__"):
            raise AttributeError(name)  # who looks through all modules wants nothing of this one
        return getattr(_fetch(self.__name__), name)


def leave_the_compiler_out() -> None:
    """To be called before anything of torch is imported."""
    if COMPILER in sys.modules:
        return
    compiler, utils = Absent(COMPILER), Absent(UTILS)
    compiler.__dict__.update(graph_break=lambda: None, disable=lambda function, *_, **__: function, utils=utils)
    utils.__dict__.update(is_compile_supported=lambda device: _fetch(UTILS).is_compile_supported(device))
    sys.modules.update({COMPILER: compiler, UTILS: utils})


def _fetch(name: str) -> ModuleType:
    for stand_in in (COMPILER, UTILS):
        if isinstance(sys.modules.get(stand_in), Absent):
            del sys.modules[stand_in]
    return importlib.import_module(name)
