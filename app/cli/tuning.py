"""Searching for a model's training settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import As, DataDir, Json, Project, Wait
from app.cli.root import app
from app.cli.shell import Shell, opened, say, say_json
from app.cli.training import queued, run, say_queued

if TYPE_CHECKING:
    from ml.contract import Tuned


@app.command()
def tune(
    project: Project,
    model: Annotated[str, typer.Option(help="Whose settings.")] = "compact",
    minutes: Annotated[float, typer.Option(help="How long it may take.")] = 20,
    wait: Wait = False,
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Search for better training settings of a model; `squint bakeoff --tuned` then uses them."""
    from app.results.searching import start_search  # noqa: PLC0415

    with opened(data_dir) as shell:
        job_id = run(
            shell, project, as_, lambda s, p, user_id: start_search(s, p, user_id, model, minutes), wait=wait
        )
        found = _found(shell, job_id, model) if wait else None
        answer: dict[str, Any] = {"job": job_id, **vars(found)} if found else queued(shell, job_id)
    if json:
        say_json(answer)
    elif found:
        better = ", ".join(f"{name}={value}" for name, value in found.settings.items()) or "the usual ones"
        say(f"Best of {found.trials}: validation loss {found.loss:.4f}, usual {found.usual_loss:.4f}: {better}")
    else:
        say_queued(answer, project)


def _found(shell: Shell, job_id: str, model: str) -> Tuned:
    from app.models import Job  # noqa: PLC0415
    from app.results.found import list_found  # noqa: PLC0415

    with shell.database.read() as session:
        return list_found(session, session.get_one(Job, job_id).project_id)[model]
