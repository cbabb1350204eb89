"""What commands work with: settings, an open database, who acts, and where the answer goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import NotFoundError, StartError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.config import Settings
    from app.db import Database
    from app.models import Project, Role, User

LOCAL = "local@localhost"
"""The account of whoever has the machine, where there is no admin yet."""


@dataclass(frozen=True)
class Shell:
    settings: Settings
    database: Database


def settings_of(data_dir: Path | None, **chosen: Any) -> Settings:
    """Return the settings of the environment, with what the command line chose instead."""
    from app.config import Settings  # noqa: PLC0415  `squint --help` needs none of it

    given = {name: value for name, value in chosen.items() if value is not None}
    if data_dir is not None:
        given["data_dir"] = data_dir.resolve()
    return Settings(**given)


@contextmanager
def opened(data_dir: Path | None) -> Iterator[Shell]:
    """Yield the installation with its database at the newest schema; raise StartError where that cannot be."""
    from app.data_folder import at_work_in  # noqa: PLC0415
    from app.serve import prepare  # noqa: PLC0415

    settings = settings_of(data_dir)
    with at_work_in(settings), closing(prepare(settings)) as database:
        yield Shell(settings, database)


@contextmanager
def opened_to_read(data_dir: Path | None) -> Iterator[Shell]:
    """Yield the installation as `opened` does, but quicker, and raise StartError where there is none yet."""
    from app.db import Database  # noqa: PLC0415
    from app.schema import is_current  # noqa: PLC0415

    settings = settings_of(data_dir)
    if not settings.database_url and not (settings.data_dir / "squint.db").exists():
        raise StartError(f"There is nothing in the data folder {settings.data_dir} yet; `squint serve` begins.")
    database = Database(settings.db_url)
    with database.read() as session:
        current = is_current(session.connection())
    if not current:
        database.close()
        with opened(data_dir) as shell:
            yield shell
        return
    try:
        yield Shell(settings, database)
    finally:
        database.close()


def acting_user(session: Session, email: str | None) -> User:
    """Return the account `email`, or the first admin; make the local account where there is no admin at all."""
    from app.models import Role  # noqa: PLC0415
    from app.users.queries import find_first_admin, find_user_by_email  # noqa: PLC0415
    from app.users.service import create_user  # noqa: PLC0415

    found = find_user_by_email(session, email) if email else find_first_admin(session)
    if found is None and email:
        raise NotFoundError(f"There is no account for {email}; add it with `squint user add {email}`.")
    if found is not None and found.disabled_at is not None:
        raise NotFoundError(f"The account {found.email} is disabled.")
    if found is None:
        create_user(session, LOCAL, Role.ADMIN)
        found = find_user_by_email(session, LOCAL)
    assert found is not None  # noqa: S101  just added
    return found


def find_project(session: Session, wanted: str) -> Project:
    """Return the project of this name, or else of this number."""
    from app.models import Project  # noqa: PLC0415
    from app.projects.queries import LARGEST_ID, get_project_by_name  # noqa: PLC0415

    try:
        return get_project_by_name(session, wanted)
    except NotFoundError:
        number = int(wanted) if wanted.isascii() and wanted.isdigit() else 0
        project = session.get(Project, number) if 0 < number <= LARGEST_ID else None
        if project is None:
            raise
        return project


def project_for(session: Session, wanted: str, user: User, role: Role) -> Project:
    """Return the project, if `user` may act in it as `role`: the same rules as in the browser.

    Whoever has the machine sees every project: a stranger to one is named, not told that there is none.
    """
    from app.projects.queries import get_visible_project  # noqa: PLC0415
    from app.security import require  # noqa: PLC0415

    project = find_project(session, wanted)
    try:
        get_visible_project(session, user, project.id)
    except NotFoundError:
        raise NotFoundError(f"{user.email} is no member of {project.name}.") from None
    require(user, role)
    return project


def say(text: str) -> None:
    """Print a sentence for the person at the terminal."""
    print(text, flush=True)


def say_json(answer: dict[str, Any]) -> None:
    """Print the command's one JSON object."""
    json.dump(answer, sys.stdout, ensure_ascii=False, default=str)
    print()
