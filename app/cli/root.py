"""The command `squint` itself, to which every topic's module adds its commands."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="squint",
    help="Label image sets with few human answers, and train classifiers on them.",
    no_args_is_help=True,
    add_completion=False,
    # Plain text: quick to start, and the same in a log.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
user = typer.Typer(help="Accounts.", no_args_is_help=True)
project = typer.Typer(help="Projects.", no_args_is_help=True)
app.add_typer(user, name="user")
app.add_typer(project, name="project")
