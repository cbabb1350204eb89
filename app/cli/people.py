"""Accounts."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from app.cli import root
from app.cli.options import DataDir, Json
from app.cli.shell import opened, say, say_json


@root.user.command("add")
def add_user(
    email: str,
    role: Annotated[
        Literal["annotator", "engineer", "admin"], typer.Option(help="What they may do.")
    ] = "annotator",
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Add an account; prints the link on which its owner sets a password."""
    from app.models import Role  # noqa: PLC0415  `squint --help` needs none of it
    from app.serve import address  # noqa: PLC0415
    from app.users.service import create_user  # noqa: PLC0415

    with opened(data_dir) as shell:
        with shell.database.write() as session:
            path = create_user(session, email, Role(role))
        link = address(shell.settings) + path
    if json:
        say_json({"email": email, "role": role, "link": link})
    else:
        say(f"{email} sets a password here, within a week: {link}")
