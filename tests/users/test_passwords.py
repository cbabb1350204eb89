from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher, extract_parameters

from app.users import passwords
from app.users.passwords import hash_password, is_right


@pytest.fixture(autouse=True)
def _true_argon2(monkeypatch: pytest.MonkeyPatch, _light_argon2: None) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(**passwords.COST))


def test_a_hash_costs_more_than_the_floor_that_owasp_sets():
    cost = extract_parameters(hash_password("eight or more"))
    assert cost.type.name == "ID"
    assert cost.memory_cost >= 19 * 1024
    assert cost.time_cost >= 2


@pytest.mark.parametrize("password", ["x" * 73 + "a", "pass word ", "пароль длинный", "🔑" * 20, "x" * 200])
def test_the_whole_string_counts(password: str):
    known = hash_password(password)
    assert is_right(known, password)
    assert not is_right(known, password[:-1])
    assert not is_right(known, password + " ")


def test_the_same_letters_typed_another_way_are_the_same_password():
    assert is_right(hash_password("café au lait"), "cafe\u0301 au lait")


def test_no_account_takes_as_long_as_a_wrong_password():
    known = hash_password("a sentence to keep in mind")

    def seconds(password_hash: str | None) -> float:
        start = time.process_time()
        for _ in range(5):
            assert not is_right(password_hash, "wrong")
        return time.process_time() - start

    seconds(known)
    wrong, absent = min(seconds(known) for _ in range(3)), min(seconds(None) for _ in range(3))
    assert absent == pytest.approx(wrong, rel=0.2)


def test_at_most_two_hashes_are_made_at_once(monkeypatch: pytest.MonkeyPatch):
    running, most, lock = 0, 0, threading.Lock()

    class Counting(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1
            return super().hash(password, salt=salt)

    monkeypatch.setattr(passwords, "HASHER", Counting(time_cost=1, memory_cost=64, parallelism=1))
    with ThreadPoolExecutor(10) as people:
        list(people.map(lambda number: is_right(None, f"guess {number}"), range(10)))
    assert most == 2
