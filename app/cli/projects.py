"""Making a project, and where one stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import root
from app.cli.options import As, DataDir, GroupBy, Json, Project
from app.cli.root import app
from app.cli.shell import acting_user, find_project, opened, opened_to_read, say, say_json
from ml.contract import ROUND_ANSWERS, TARGET
from ml.wording import listed

if TYPE_CHECKING:
    from app.runs.queries import JobView


Classes = Annotated[str, typer.Option(help="Two or more, in order: closed,open")]
Positive = Annotated[str, typer.Option(help="Whose probability is the score; default: the last.")]
RecipeName = Annotated[str, typer.Option(help="squint or founding; default: squint.")]
SeedSize = Annotated[
    int | None,
    typer.Option(help="Images labelled by hand before the labelers train; default: as the recipe wants."),
]
RoundSize = Annotated[int, typer.Option(help="Answers after which the labelers learn again.")]
Target = Annotated[float, typer.Option(metavar="PERCENT", help="So many percent of the labels may be wrong.")]
SettleTwins = Annotated[
    bool, typer.Option("--settle-twins", help="An answer labels the image's unanswered near duplicates, too.")
]
FromScratch = Annotated[
    bool, typer.Option("--from-scratch", help="Train without pretrained weights where there are none.")
]


@root.project.command("create")
def create_project(  # noqa: PLR0913, PLR0917  the options of a project
    name: str,
    classes: Classes,
    positive: Positive = "",
    recipe: RecipeName = "",
    seed_size: SeedSize = None,
    round_size: RoundSize = ROUND_ANSWERS,
    target: Target = 100 * TARGET,
    settle_twins: SettleTwins = False,
    from_scratch: FromScratch = False,
    group_by: GroupBy = None,
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Make a project."""
    fields = {
        "name": name,
        "classes": classes,
        "positive": positive,
        "seed_size": "" if seed_size is None else str(seed_size),
        "round_size": str(round_size),
        "target": str(target),
        "settle_twins": settle_twins,
        **({"recipe": recipe} if recipe else {}),
        "from_scratch": from_scratch,
        "group_pattern": group_by or "",
    }
    answer = _create(fields, as_, data_dir)
    if json:
        say_json(answer)
    else:
        say(f"Project {answer['id']}, {answer['name']}, with {listed(answer['classes'])}.")


def _create(fields: dict[str, Any], email: str | None, data_dir: Path | None) -> dict[str, Any]:
    from app.html.forms import parse_or_refuse  # noqa: PLC0415
    from app.projects.forms import NewProjectForm  # noqa: PLC0415
    from app.projects.service import create_project as create  # noqa: PLC0415

    form = parse_or_refuse(NewProjectForm, fields)
    with opened(data_dir) as shell, shell.database.write() as session:
        project = create(session, user=acting_user(session, email), **form.model_dump())
        return {"id": project.id, "name": project.name, "classes": [c.name for c in project.classes]}


@app.command()
def status(project: Project, json: Json = False, data_dir: DataDir = None) -> None:
    """Say where the loop stands, and what comes next."""
    from dataclasses import asdict  # noqa: PLC0415

    from app.projects.overview import read_overview  # noqa: PLC0415
    from app.runs.queries import list_active  # noqa: PLC0415

    with opened_to_read(data_dir) as shell, shell.database.read() as session:
        found = find_project(session, project)
        overview = read_overview(session, found, engineer=True)
        at, step = overview.standing, overview.step
        jobs = [_job(view) for view in list_active(session, found.id)]
        answer = {"project": found.name, "id": found.id, **asdict(at), "jobs": jobs, "next": asdict(step)}
    if json:
        say_json(answer)
        return
    say(f"{answer['project']}: {at.images:,} images")
    for name in ("seed", "accepted", "unclear", "settled", "disputed", "set_aside", "rounds", "bakeoffs"):
        say(f"{name.replace('_', ' '):>10} {getattr(at, name):>7,}")
    for job in jobs:
        say(f"{job['title']}: {job['status']}, {job['stage'] or 'not begun'}, {job['share']:.0%}")
    say(f"Next: {step.title}. {step.sentence}")


def _job(view: JobView) -> dict[str, Any]:
    at = view.progress
    return {
        "job": view.job.id,
        "kind": view.job.kind,
        "title": view.title,
        "status": view.status.value,
        "stage": at.stage if at else "",
        "share": at.done / at.total if at and at.total else 0.0,
        "seconds_left": at.seconds_left if at else None,
    }
