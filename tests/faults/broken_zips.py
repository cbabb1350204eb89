"""Zips that no honest program writes."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from copy import copy

from tests.images.samples import picture, some, zip_of

CENTRAL = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"


def patched(data: bytes, offset_central: int, offset_local: int, value: bytes, first: int = 0) -> bytes:
    """Overwrite a field of the `first` entry in the directory, and in its local header."""
    changed = bytearray(data)
    for magic, offset in ((CENTRAL, offset_central), (LOCAL, offset_local)):
        at = -1
        for _ in range(first + 1):
            at = changed.index(magic, at + 1)
        changed[at + offset : at + offset + len(value)] = value
    return bytes(changed)


def encrypted() -> bytes:
    return patched(zip_of(some(2)), 8, 6, b"\x01\x00")


def method(number: int) -> bytes:
    return patched(zip_of(some(2)), 10, 8, struct.pack("<H", number))


def lying_size(size: int) -> bytes:
    """Three pictures; the first one's header gives another size."""
    packed = zip_of(some(3), compression=zipfile.ZIP_DEFLATED)
    return patched(packed, 24, 22, struct.pack("<I", size))


def bomb() -> bytes:
    return zip_of({"a.bmp": bytes(20_000_000), **some(1)}, compression=zipfile.ZIP_DEFLATED)


def overlapping() -> bytes:
    """Two entries of the directory point at the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.png", picture(1))
        again = copy(archive.filelist[0])
        again.filename = "b.png"
        archive.filelist.append(again)
    return stream.getvalue()


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (mode | 0o644) << 16
    return info


def with_link() -> bytes:
    return zip_of([(entry("link.png", stat.S_IFLNK), b"/etc/passwd"), ("a.png", picture(1))])


def with_devices() -> bytes:
    kinds = (stat.S_IFCHR, stat.S_IFIFO, stat.S_IFBLK)
    return zip_of([*((entry(f"{k}.png", k), picture(k)) for k in kinds), ("a.png", picture(1))])


def named(*names: str) -> bytes:
    """Return a zip of another picture under each name, names as odd as they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two entries of one name
        return zip_of([(name, picture(i)) for i, name in enumerate(names)])


def shift_jis() -> bytes:
    """A name in the bytes of Shift-JIS, without the flag that would say UTF-8."""
    packed = zip_of({"xxxx.png": picture(1)})
    return packed.replace(b"xxxx.png", "目目".encode("shift-jis") + b".png")


def with_nul() -> bytes:
    return zip_of({"axb.png": picture(1)}).replace(b"axb.png", b"a\0b.png")
