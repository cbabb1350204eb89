"""The real decoder process, with pictures in it that break it as real ones have broken decoders."""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection

from app.images import decoder

true_describe = decoder.describe


def describe(data: bytes) -> decoder.Description:
    if b"CRASH" in data:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"HANG" in data:
        time.sleep(60)
    return true_describe(data)


if __name__ == "__main__":
    decoder.describe = describe
    decoder.limit_memory(int(sys.argv[2]))
    decoder.serve(Connection(int(sys.argv[1])))
