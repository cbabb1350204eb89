"""`python -m tests.bench [NAME]`: every benchmark in a process of its own, with its own memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HELPERS = {"__init__", "__main__", "client", "stage", "training"}


def main(wanted: list[str]) -> int:
    names = sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - HELPERS)
    if unknown := set(wanted) - set(names):
        known = ", ".join(names)
        print(f"There is no benchmark named {', '.join(sorted(unknown))}; there are {known}.", file=sys.stderr)
        return 2
    codes = [
        subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode
        for name in wanted or names
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
