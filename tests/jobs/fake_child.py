"""A child that speaks the contract and does what its manifest says, in fractions of a second.

Its checkpoint lists which process did which epoch: `[[epoch, pid], …]`. Before the epoch `hold` it waits for
the file `go` in its run folder.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ml.events import Event, Failure, MetricPoint, Progress, encode_event
from ml.rundir import CHECKPOINTS, DONE, MANIFEST, write_text


def say(event: Event) -> None:
    sys.stdout.write(f"{encode_event(event)}\n")
    sys.stdout.flush()


def die_with_parent() -> None:
    threading.Thread(target=lambda: (os.read(0, 1), os._exit(75)), daemon=True).start()


def first_time(run: Path, what: str) -> bool:
    marker = run / f"did-{what}"
    if marker.exists():
        return False
    marker.touch()
    return True


def misbehave(run: Path, plan: dict[str, Any]) -> None:
    if sentence := plan.get("sentence"):
        say(Failure(sentence))
        sys.exit(1)
    if plan.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if plan.get("grandchild"):
        grandchild = subprocess.Popen(["sleep", "300"])
        (run / "grandchild").write_text(str(grandchild.pid))
    if plan.get("exit") is not None:
        sys.stdout.write("something printed\n")
        sys.stderr.write("something complained\n")
        sys.exit(plan["exit"])
    if plan.get("crash") and (plan.get("crash_always") or first_time(run, "crash")):
        os.kill(os.getpid(), plan["crash"])


def main() -> None:
    run = Path(sys.argv[1])
    die_with_parent()
    write_text(run / "pid", str(os.getpid()))
    plan = json.loads((run / MANIFEST).read_text())
    misbehave(run, plan)
    checkpoint = run / CHECKPOINTS / "fake.json"
    done = json.loads(checkpoint.read_text()) if checkpoint.exists() else []
    epochs = plan.get("epochs", 2)
    for epoch in range(len(done), epochs):
        while epoch == plan.get("hold") and not (run / "go").exists():
            time.sleep(0.02)
        time.sleep(plan.get("seconds", 0.01))
        done.append([epoch, os.getpid()])
        write_text(checkpoint, json.dumps(done))
        say(Progress("Fake", epoch + 1, epochs, epoch=epoch + 1, epochs=epochs, loss=float("nan")))
        say(MetricPoint("Fake", "train_loss", epoch, 1 / (epoch + 1)))
        say(MetricPoint("Fake", "val_loss", epoch, float("inf")))
    write_text(run / DONE, "")


if __name__ == "__main__":
    main()
