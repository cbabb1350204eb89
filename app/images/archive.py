"""A zip that anybody may have made: what can be known beforehand is checked before anything is read."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path

from app.errors import AppError, BadInputError, TooLargeError
from app.images.limits import Limits, size_words
from app.images.sources import Entry, EntryError, Source
from app.languages import gettext as _
from app.languages import written

LOCAL_HEADER_BYTES = 30
PLAIN_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
DAMAGED = "Damaged inside the zip: its size or checksum is wrong."
NESTED = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")


class ZipSource(Source):
    """The files of an archive whose directory has passed `check_directory`; nothing is ever extracted."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive = archive
        files = [info for info in archive.infolist() if not info.orig_filename.endswith(("/", "\\"))]
        super().__init__(((info.orig_filename, info) for info in files), limits)

    def read(self, entry: Entry) -> bytes:
        info = entry.place
        assert isinstance(info, zipfile.ZipInfo)  # noqa: S101  given by this class
        self._check_kind(info)
        self.check_size(info.file_size)
        try:
            with self._archive.open(info) as stream:
                data = stream.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError):
            raise EntryError(DAMAGED) from None
        if len(data) != info.file_size:
            raise EntryError(DAMAGED)
        return data

    def close(self) -> None:
        self._archive.close()

    @staticmethod
    def _check_kind(info: zipfile.ZipInfo) -> None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind == stat.S_IFLNK:
            raise EntryError("A link, not a file.")
        if kind not in {0, stat.S_IFREG}:
            raise EntryError("A device or pipe, not a file.")
        if info.orig_filename.lower().endswith(NESTED):
            raise EntryError("An archive inside the archive is not opened.")


def open_zip(path: Path, limits: Limits) -> ZipSource:
    """Raise BadInputError or TooLargeError when the archive as a whole cannot be taken."""
    size = path.stat().st_size
    if size == 0:
        raise BadInputError(_("The file is empty."))
    if size > limits.upload_bytes:
        raise TooLargeError(_("The zip is larger than %(size)s.") % {"size": size_words(limits.upload_bytes)})
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise BadInputError(_("This is not a zip, or it was cut off on the way.")) from None
    try:
        check_directory(archive.infolist(), archive.start_dir, size, limits)
        source = ZipSource(archive, limits)
        source.require_pictures()
    except AppError:
        archive.close()
        raise
    return source


def check_directory(infos: list[zipfile.ZipInfo], directory_at: int, size: int, limits: Limits) -> None:
    """Check what the zip's directory says: nothing has been unpacked yet."""
    if len(infos) > limits.entries:
        sizes = {"number": written(f"{len(infos):,}"), "most": written(f"{limits.entries:,}")}
        raise TooLargeError(_("The zip holds %(number)s entries; the limit is %(most)s.") % sizes)
    if any(info.flag_bits & 0x1 for info in infos):
        raise BadInputError(_("The zip is encrypted. Please save it again as a plain zip."))
    if any(info.compress_type not in PLAIN_METHODS for info in infos):
        raise BadInputError(
            _("The zip uses a compression that is not read here. Please save it again as a plain zip.")
        )
    _check_overlap(infos, directory_at)
    _check_bomb(infos, size, limits)


def _check_overlap(infos: list[zipfile.ZipInfo], directory_at: int) -> None:
    spans = sorted((i.header_offset, i.header_offset + LOCAL_HEADER_BYTES + i.compress_size) for i in infos)
    starts = [*(start for start, _ in spans[1:]), directory_at]
    if any(end > start for (_, end), start in zip(spans, starts, strict=False)):
        raise TooLargeError(
            _("The zip's entries lie over each other, as in a zip bomb. Please save it again as a plain zip.")
        )


def _check_bomb(infos: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    unpacked = sum(info.file_size for info in infos)
    if unpacked > limits.unpacked_bytes:
        raise TooLargeError(
            _("Unpacked this would be more than %(size)s.") % {"size": size_words(limits.unpacked_bytes)}
        )
    pairs = [(i.file_size, i.compress_size) for i in infos] + [(unpacked, size)]
    if any(full > limits.ratio_from_bytes and full > limits.ratio * packed for full, packed in pairs):
        raise TooLargeError(
            _("The zip unpacks to more than %(number)s times its size, as a zip bomb does.")
            % {"number": limits.ratio}
        )
