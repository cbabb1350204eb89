"""A person's browser as far as the server sees it: one kept connection, one session."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from typing import Any

from app.security import COOKIE


class Client:
    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {
            "Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"
        }  # fmt: skip

    def get(self, path: str) -> tuple[float, int, bytes]:
        """Return seconds, status and body."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> tuple[float, int, Any]:
        """Return seconds, status and the answer's JSON."""
        seconds, status, answer = self._ask("POST", path, json.dumps(body))
        return seconds, status, json.loads(answer)

    def _ask(self, method: str, path: str, body: str | None) -> tuple[float, int, bytes]:
        began = time.perf_counter()
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        return time.perf_counter() - began, response.status, content
