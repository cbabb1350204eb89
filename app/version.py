"""Which code this is: runs and models say what made them."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from app.config import REPOSITORY


@cache
def code_version() -> str:
    """Return e.g. `0.1.0+7d641be`, with the commit where there is a checkout."""
    try:
        release = version("squint")
    except PackageNotFoundError:
        release = "0"
    commit = _commit()
    return f"{release}+{commit}" if commit else release


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        return ""
    told = subprocess.run(  # noqa: S603  no part of it comes from outside
        [git, "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() if told.returncode == 0 else ""
