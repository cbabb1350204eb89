"""The command `squint` itself, to which every topic's module adds its commands."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

LONGEST = 200
"""Of what is said of a command in the list of all: more than anyone says."""


class Commands(TyperGroup):
    """Says of each command all that is to be said, on as many lines as that takes."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  typer's own
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(LONGEST)) for name, command in self.commands.items()]
            )


app = typer.Typer(
    name="squint",
    cls=Commands,
    help="Label image sets with few human answers, and train classifiers on them.",
    no_args_is_help=True,
    add_completion=False,
    # Plain text: quick to start, and the same in a log.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
user = typer.Typer(cls=Commands, help="Accounts.", no_args_is_help=True)
project = typer.Typer(cls=Commands, help="Projects.", no_args_is_help=True)
app.add_typer(user, name="user")
app.add_typer(project, name="project")
