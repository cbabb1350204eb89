"""Who asks a project's model, how often, and with which pictures."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Query, Request
from starlette.datastructures import UploadFile

from app.db import ReadSessionDep
from app.errors import BadInputError, NotSignedInError, TooManyTriesError
from app.html.form_data import FORM_TYPES
from app.models import Project, Role
from app.projects.queries import get_visible_project
from app.security import AnyoneDep, require
from app.transfer.tokens import find_token, is_use_worth_noting

MOST_PICTURES = 64
MOST_BYTES = 20_000_000
A_MINUTE = 600
"""Questions a minute from one token or person."""
PICTURE_TYPES = ("image/", "application/octet-stream")


@dataclass(frozen=True)
class Asker:
    project: Project
    key: str
    """By whom questions are counted."""
    token_id: int | None = None
    """Of the token whose use is to be noted now."""


def find_asker(
    request: Request,
    session: ReadSessionDep,
    user: AnyoneDep,
    project: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Asker:
    """A program asks with a token, which names its project; a signed-in engineer names the project."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        row = find_token(session, token.strip())
        if row is None:
            raise NotSignedInError("This token is not known, or was revoked.")
        noted = row.id if is_use_worth_noting(row) else None
        return Asker(session.get_one(Project, row.project_id), f"token {row.id}", noted)
    if user is None:
        raise NotSignedInError("Please send a token: Authorization: Bearer squint_…")
    require(user, Role.ENGINEER)
    if project is None:
        raise BadInputError("Please name the project: ?project=NUMBER.")
    return Asker(get_visible_project(session, user, project), f"user {user.id}")


AskerDep = Annotated[Asker, Depends(find_asker)]


class Rates:
    """Counts questions by the minute; this process's own, and forgotten with it."""

    def __init__(self, most: int = A_MINUTE) -> None:
        self._most = most
        self._minute = 0
        self._counts: dict[str, int] = {}

    def count(self, key: str) -> None:
        """Raise TooManyTriesError when `key` has asked too often in this minute."""
        now = time.time()
        if int(now // 60) != self._minute:
            self._minute, self._counts = int(now // 60), {}
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._counts[key] > self._most:
            raise TooManyTriesError(
                f"At most {self._most} questions a minute, please.", retry_after_s=60 - int(now % 60)
            )


async def read_pictures(request: Request) -> list[tuple[str, bytes]]:
    """Return name and bytes of every picture: files of a form, or the body itself.

    Raise BadInputError where there is none, HTTPException 415 for other bodies.
    """
    kind = request.headers.get("Content-Type", "application/octet-stream").lower()
    if kind.startswith(FORM_TYPES[1]):
        form = await request.form(max_files=MOST_PICTURES, max_fields=4)
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        found = [(file.filename or "", await file.read()) for file in files]
    elif kind.startswith(PICTURE_TYPES):
        found = [("", await request.body())]
    else:
        raise HTTPException(415, "Please send pictures as a form’s files, or one as the body.")
    if not any(data for _, data in found):
        raise BadInputError("There is no picture in this request.")
    return found
