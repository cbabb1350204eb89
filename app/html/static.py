"""Addresses of static files that change with their content, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from functools import cache

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.config import REPOSITORY

STATIC = REPOSITORY / "static"


@cache
def static_url(path: str) -> str:
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


class VersionedStaticFiles(StaticFiles):
    """Long-lived only when asked for by its version: scripts import each other without one."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return response
