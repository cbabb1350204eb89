from __future__ import annotations

import io
import os
import tracemalloc
import zipfile

from app.transfer.zipping import stream_zip


def test_the_parts_together_are_a_plain_zip():
    files = [(f"open/{i}.png", os.urandom(1000 + i)) for i in range(300)]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(stream_zip(files))))
    assert archive.testzip() is None
    assert [(i.filename, archive.read(i)) for i in archive.infolist()] == files
    # Sizes stand before each entry, so that readers which never look at the end can unpack it too.
    assert not any(info.flag_bits & 0x8 for info in archive.infolist())


def test_the_same_files_make_the_same_zip():
    files = [("a/眼.png", b"eye"), ("b/b.png", b"")]
    assert b"".join(stream_zip(files)) == b"".join(stream_zip(files))


def test_no_files_make_a_valid_empty_zip():
    assert zipfile.ZipFile(io.BytesIO(b"".join(stream_zip([])))).namelist() == []


def test_it_is_never_whole_in_memory():
    one = os.urandom(1 << 20)
    tracemalloc.start()
    sent = sum(len(part) for part in stream_zip((f"{i}.png", one) for i in range(64)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent > 64 << 20
    assert peak < 12 << 20
