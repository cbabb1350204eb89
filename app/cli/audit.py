"""How wrong the accepted labels may be: a random sample, a person's answers, a bound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.cli.files import whole_table
from app.cli.images import add_answers, read_rows, say_labels
from app.cli.options import As, DataDir, Json, Project
from app.cli.root import app
from app.cli.shell import Shell, acting_user, opened, project_for, say, say_json
from app.errors import BadInputError

if TYPE_CHECKING:
    from app.images.labels import LabelReport


@app.command()
def audit(  # noqa: PLR0913, PLR0917  Typer reads options from parameters
    project: Project,
    size: Annotated[int | None, typer.Option(min=1, help="Draw a new sample of so many accepted labels.")] = None,
    plan: Annotated[
        Literal["fixed", "open"],
        typer.Option(help="fixed: this size and no other; open: look at any time, stop early, or draw --more."),
    ] = "fixed",
    more: Annotated[int | None, typer.Option(min=1, help="Draw so many more for an open plan.")] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="OUT", help="Write what waits to be checked: filename,label.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(metavar="CSV", help="What a person says of the sample: filename,label.")
    ] = None,
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Draw a random sample of the accepted labels, take a person's answers, say how many are wrong at most."""
    if size and more:
        raise BadInputError("--size draws a new audit, --more prolongs the one there is; use one of them.")
    rows = read_rows(answers) if answers else []
    with opened(data_dir) as shell:
        user_id, project_id = _draw(shell, project, as_, size, plan, more)
        said = add_answers(shell, project_id, user_id, rows, "audit") if rows else None
        if csv:
            _write_sample(shell, project_id, csv)
        answer = _newest(shell, project_id)
    if json:
        say_json({**answer, "answers": said.to_dict() if said else None})
    else:
        _say(answer, said, csv)


def _draw(
    shell: Shell, project: str, email: str | None, size: int | None, plan: str, more: int | None
) -> tuple[int, int]:
    from app.models import AuditPlan, Role  # noqa: PLC0415  `squint --help` needs none of it
    from app.review import audit as audits  # noqa: PLC0415
    from app.review.audit_queries import get_audit  # noqa: PLC0415

    with shell.database.write() as session:
        user = acting_user(session, email)
        found = project_for(session, project, user, Role.ANNOTATOR)
        if size:
            audits.draw(session, project=found, user=user, size=size, plan=AuditPlan(plan))
        if more:
            audits.draw_more(session, get_audit(session, found.id, None), more)
        return user.id, found.id


def _write_sample(shell: Shell, project_id: int, out: Path) -> None:
    from app.review.audit_queries import get_audit, list_unanswered  # noqa: PLC0415
    from app.transfer.tables import write_sample  # noqa: PLC0415

    with shell.database.read() as session:
        names = list_unanswered(session, get_audit(session, project_id, None))
    with whole_table(out) as text:
        write_sample(text, names)


def _newest(shell: Shell, project_id: int) -> dict[str, Any]:
    from app.models import Project  # noqa: PLC0415
    from app.review.audit_queries import get_audit, list_audits, to_json  # noqa: PLC0415

    with shell.database.read() as session:
        get_audit(session, project_id, None)
        newest, target = list_audits(session, project_id)[0], session.get_one(Project, project_id).target
    proven = newest.statement.speaks and newest.statement.bound <= target
    return {**to_json(newest), "target": target, "proven": proven}


def _say(answer: dict[str, Any], said: LabelReport | None, csv: Path | None) -> None:
    if said:
        say_labels(said)
    if csv:
        say(f"{csv}: {answer['size'] - answer['answered']:,} images to check; fill the column label.")
    say(answer["statement"])
    if not answer["current"]:
        say(f"It speaks of what round {answer['round']} had accepted; the labelers have learnt again since.")
