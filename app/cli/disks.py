"""Whether a folder lies on another machine's disk, where SQLite's locks do not hold."""

from __future__ import annotations

import re
from pathlib import Path

from app.errors import StartError

MOUNTS = Path("/proc/mounts")
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "9p", "fuse.sshfs", "lustre"}


def refuse_network_disk(folder: Path, db_url: str) -> None:
    """Raise StartError when SQLite's file would lie on a network disk; where that cannot be told, do nothing."""
    if not db_url.startswith("sqlite") or not MOUNTS.exists():
        return
    kind = file_system_of(folder.resolve(), MOUNTS.read_text("utf-8", errors="replace"))
    if kind in NETWORK:
        raise StartError(
            f"The data folder {folder} is on a network disk ({kind}), where SQLite can lose answers: "
            "use a local folder, or PostgreSQL (SQUINT_DATABASE_URL), or --allow-network-disk at your own risk."
        )


def file_system_of(folder: Path, mounts: str) -> str:
    """Return the kind of the file system that holds `folder`; `mounts` is the text of /proc/mounts."""
    found, longest = "", -1
    for line in mounts.splitlines():
        _device, place, kind, *_ = line.split(" ")
        point = Path(re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), place))
        if (folder == point or point in folder.parents) and len(point.parts) >= longest:
            found, longest = kind, len(point.parts)
    return found
