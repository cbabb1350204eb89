"""`python -m ml label|bakeoff|pretrain|tune|simulate|export RUN_DIR` does a run, `… predict MODEL PATH…` scores.

A run prints contract events, one JSON object a line, on stdout; everything else goes to stderr, the run's log.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import json
import os
import re
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ml.errors import RunError
from ml.events import Failure, encode_event
from ml.pixels import UnreadableImageError, decode
from ml.uncompiled import leave_the_compiler_out

if TYPE_CHECKING:
    from PIL import Image

    from ml.predict import Model

ORPHANED = 75
AT_ONCE = 256
"""Pictures that are held in memory together."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
WRITTEN_BY_RUST = re.compile(rf"\(os error ({'|'.join(map(str, sorted(FULL)))})\)")
"""How safetensors tells of a full disk."""
OUT_OF_MEMORY = re.compile("out of memory|can't allocate memory", re.IGNORECASE)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    leave_the_compiler_out()
    if options.command == "predict":
        return predict(options.model, options.paths)
    if options.die_with_parent:
        threading.Thread(target=_die_with_parent, daemon=True).start()
    # The system ends the process at once; a handler would wait for the net's current step.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return train(options.run, options.command, options.only)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("label", "bakeoff", "pretrain", "tune", "simulate", "export"):
        command = commands.add_parser(name)
        command.add_argument("run", type=Path, help="run folder with its manifest.json")
        command.add_argument("--only", default="", metavar="MODEL", help="train no other labeler of the run")
        command.add_argument("--die-with-parent", action="store_true", help="end when stdin is closed")
    command = commands.add_parser("predict")
    command.add_argument("model", type=Path, help="model folder, or a zip of one")
    command.add_argument("paths", type=Path, nargs="+", help="pictures")
    return parser


def _die_with_parent() -> None:
    os.read(0, 1)
    os._exit(ORPHANED)


def train(run: Path, command: str, only: str = "") -> int:
    events = sys.stdout
    try:
        # Beside other work a thread that spins for another one takes the core which that one waits for: measured,
        # a step of ResNet50 took 1.9 s so and 0.3 s where they sleep.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # Libraries print to stdout as they like; the events keep the real one for themselves.
        with contextlib.redirect_stdout(sys.stderr):
            from ml import report  # noqa: PLC0415  torch takes seconds to import

            report.EVENTS = events
            module = _module_of(command)
            module.execute(run, only) if only else module.execute(run)
    except BaseException as error:  # noqa: BLE001  whatever it was, a person reads a sentence
        traceback.print_exc()
        print(encode_event(Failure(sentence_for(error))), file=events, flush=True)
        return 1
    return 0


def _module_of(command: str) -> ModuleType:
    return importlib.import_module(
        {"simulate": "ml.simulation", "export": "ml.export"}.get(command, "ml.training")
    )


def sentence_for(error: BaseException) -> str:
    """Return what a person should read; the traceback is in the log."""
    if isinstance(error, RunError):
        return str(error)
    if isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error)):
        return "There was not enough memory; smaller batches or a smaller input size need less."
    if (error.errno in FULL) if isinstance(error, OSError) else WRITTEN_BY_RUST.search(str(error)):
        return "The disk is full; free some space and retry."
    if isinstance(error, FileNotFoundError):
        return f"A file of this run is missing: {Path(str(error.filename)).name}."
    if isinstance(error, KeyboardInterrupt):
        return "Stopped from the keyboard."
    return f"Training stopped on an unexpected fault ({type(error).__name__}); the log tells more."


def predict(model: Path, paths: list[Path]) -> int:
    """Print one JSON object a picture; exit 1 only when nothing could be read."""
    from ml.predict import load_model  # noqa: PLC0415

    try:
        opened = load_model(model)
    except RunError as error:
        print(error, file=sys.stderr)
        return 1
    answered = sum(_answer(opened, paths[start : start + AT_ONCE]) for start in range(0, len(paths), AT_ONCE))
    return 0 if answered else 1


def _answer(model: Model, paths: list[Path]) -> int:
    """Print a line for every path, in order, and return how many could be read."""
    from ml.metrics import REPORT_THRESHOLD, decide  # noqa: PLC0415  as late as the model

    pictures: dict[Path, Image.Image] = {}
    problems: dict[Path, str] = {}
    for path in paths:
        try:
            pictures[path] = decode(path.read_bytes())
        except OSError as error:
            problems[path] = f"{error.strerror or error}."
        except UnreadableImageError as error:
            problems[path] = str(error)
    scores = model.predict(list(pictures.values()))
    own = model.config.threshold
    decided = decide(scores, model.config.positive, REPORT_THRESHOLD if own is None else own)
    rows = dict(zip(pictures, zip(scores, decided, strict=True), strict=True))
    for path in paths:
        if path in problems:
            print(json.dumps({"file": str(path), "error": problems[path]}))
            continue
        row, said = rows[path]
        score, label = float(row[model.config.positive]), model.config.classes[said]
        print(json.dumps({"file": str(path), "score": round(score, 6), "label": label}))
    return len(pictures)


if __name__ == "__main__":
    sys.exit(main())
