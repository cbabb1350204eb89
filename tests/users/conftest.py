from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from app.users import passwords


@pytest.fixture(autouse=True)
def _light_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with little work; what it costs in truth is tested in test_passwords.py."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
