"""Argon2id, at most two at once: each takes its memory, and none takes a thread that pages need."""

from __future__ import annotations

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

SHORTEST, LONGEST = 8, 200

COST: dict[str, Any] = {"time_cost": 2, "memory_cost": 32 * 1024, "parallelism": 1}
"""Above OWASP's floor of 19 MiB, t=2, p=1 (Password Storage Cheat Sheet)."""
HASHER = PasswordHasher(**COST)
_TWO_AT_ONCE = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


def normal(password: str) -> str:
    """The same password from every keyboard; nothing is trimmed or cut."""
    return unicodedata.normalize("NFC", password)


def hash_password(password: str) -> str:
    return _TWO_AT_ONCE.submit(HASHER.hash, normal(password)).result()


def is_right(password_hash: str | None, password: str) -> bool:
    """Takes as long without a hash (no such account) as with one."""
    return _TWO_AT_ONCE.submit(_check, password_hash, normal(password)).result()


async def is_right_async(password_hash: str | None, password: str) -> bool:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_TWO_AT_ONCE, _check, password_hash, normal(password))


async def hash_password_async(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_TWO_AT_ONCE, HASHER.hash, normal(password))


def _check(password_hash: str | None, password: str) -> bool:
    if password_hash is None:
        HASHER.hash(password)
        return False
    try:
        return HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False
