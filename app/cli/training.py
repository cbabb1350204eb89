"""Training labelers and classifiers, and reading what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import USUAL_THRESHOLD, As, DataDir, Json, Project, Threshold, Wait
from app.cli.root import app
from app.cli.shell import Shell, acting_user, find_project, opened, opened_to_read, project_for, say, say_json
from app.cli.waiting import wait_for
from app.errors import BadInputError
from ml.contract import Preset

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.models import Job
    from app.models import Project as ProjectRow

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another training setting than the recipe's: epochs=10."),
]
Start = Callable[["Session", "ProjectRow", int], "Job"]


@app.command()
def label(
    project: Project,
    wait: Wait = False,
    set_: Set = None,
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Train the labelers, score every image, accept where they agree, queue the unclear ones."""
    from app.labelers.service import start  # noqa: PLC0415  `squint --help` needs none of it

    changes = changes_of(set_)
    with opened(data_dir) as shell:
        job_id = run(shell, project, as_, lambda s, p, user_id: start(s, p, user_id, changes), wait=wait)
        answer = _round_of(shell, job_id) if wait else queued(shell, job_id)
    if json:
        say_json(answer)
    elif wait:
        say(
            f"Round {answer['round']} in {answer['seconds']:.0f} s: the labelers agree on {answer['agreed']:,} "
            f"images and differ on {answer['disagreed']:,}; {answer['unclear']:,} wait for a person."
        )
    else:
        say_queued(answer, project)


@app.command()
def bakeoff(  # noqa: PLR0913, PLR0917  Typer reads options from parameters
    project: Project,
    models: Annotated[str, typer.Option(help="Which, parted by commas; default: the quick ones.")] = "",
    preset: Annotated[Preset | None, typer.Option(help="How to train; default: as the project's recipe.")] = None,
    tuned: Annotated[bool, typer.Option("--tuned", help="With what `squint tune` has found.")] = False,
    folds: Annotated[int, typer.Option(help="Judge every labelled image, by so many folds; 0: a part.")] = 0,
    wait: Wait = False,
    set_: Set = None,
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Train final classifiers on all labels and compare them on images that none has seen."""
    from app.results.service import Wanted, start_bakeoff  # noqa: PLC0415

    names = [name.strip() for name in models.split(",") if name.strip()]
    wanted = Wanted(names, preset, changes_of(set_), folds, tuned)
    with opened(data_dir) as shell:
        job_id = run(shell, project, as_, lambda s, p, user_id: start_bakeoff(s, p, user_id, wanted), wait=wait)
        answer = {"job": job_id, **_results(shell, project)} if wait else queued(shell, job_id)
    if json:
        say_json(answer)
    elif wait:
        _say_results(answer)
    else:
        say_queued(answer, project)


@app.command()
def cancel(project: Project, as_: As = None, json: Json = False, data_dir: DataDir = None) -> None:
    """End what runs or waits in a project; a training can be taken up again on its jobs page."""
    from app.jobs.queue import cancel as cancel_job  # noqa: PLC0415
    from app.models import Role  # noqa: PLC0415
    from app.runs.queries import list_active  # noqa: PLC0415

    with opened(data_dir) as shell:
        with shell.database.write() as session:
            user = acting_user(session, as_)
            views = list_active(session, project_for(session, project, user, Role.ENGINEER).id)
        for view in views:
            cancel_job(shell.database, view.job.id)
    if json:
        say_json({"cancelled": [view.job.id for view in views]})
    elif views:
        say(f"Cancelled: {', '.join(view.title for view in views)}.")
    else:
        say(f"Nothing runs or waits in {project}.")


@app.command()
def use(
    project: Project,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A classifier of the newest bake-off, by name.")],
    threshold: Threshold = USUAL_THRESHOLD,
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Take a classifier into use: it answers programs, and is exported unless another is named."""
    from app.models import Role  # noqa: PLC0415
    from app.transfer.chosen import choose  # noqa: PLC0415
    from app.transfer.service import choose_classifier  # noqa: PLC0415

    with opened(data_dir) as shell, shell.database.write() as session:
        user = acting_user(session, as_)
        found = project_for(session, project, user, Role.ENGINEER)
        classifier = choose_classifier(session, found, model)
        choose(session, shell.settings, found, user.id, classifier, threshold)
        answer = {"project": found.name, "model": classifier.name, "threshold": threshold}
    if json:
        say_json(answer)
    else:
        say(f"{answer['project']} has {answer['model']} in use, from {threshold:g} on.")


@app.command()
def results(
    project: Project,
    threshold: Threshold = USUAL_THRESHOLD,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Compare the classifiers of the newest bake-off."""
    with opened_to_read(data_dir) as shell:
        answer = _results(shell, project, threshold)
    if json:
        say_json(answer)
    else:
        _say_results(answer)


def changes_of(given: list[str] | None) -> dict[str, Any]:
    """Return `--set` options as settings; raise BadInputError naming one that is no `NAME=VALUE`."""
    from app.results.changes import read_setting  # noqa: PLC0415  `squint --help` needs none of it

    changes: dict[str, Any] = {}
    for option in given or []:
        if (setting := read_setting(option)) is None:
            raise BadInputError(f"--set takes NAME=VALUE, such as epochs=10, not {option}.")
        changes[setting[0]] = setting[1]
    return changes


def run(shell: Shell, project: str, email: str | None, start: Start, *, wait: bool) -> str:
    from app.models import Role  # noqa: PLC0415

    with shell.database.write() as session:
        user = acting_user(session, email)
        job_id = start(session, project_for(session, project, user, Role.ENGINEER), user.id).id
    if wait:
        wait_for(shell, job_id)
    return job_id


def _round_of(shell: Shell, job_id: str) -> dict[str, Any]:
    from sqlalchemy import select  # noqa: PLC0415

    from app.labeling.queries import loop_counts  # noqa: PLC0415
    from app.models import Round  # noqa: PLC0415

    with shell.database.read() as session:
        done = session.scalars(select(Round).where(Round.job_id == job_id)).one()
        counts = loop_counts(session, done.project_id)
        report = done.report
        return {
            "job": job_id,
            "round": done.number,
            **{key: report[key] for key in ("seconds", "agreed", "disagreed", "classes", "cross_table", "notes")},
            "labelers": {x.name: {"counts": n} for x, n in zip(done.labelers, report["counts"], strict=True)},
            **{key: getattr(counts, key) for key in ("images", "seed", "accepted", "unclear", "settled")},
        }


def _results(shell: Shell, project: str, threshold: float = USUAL_THRESHOLD) -> dict[str, Any]:
    from app.results.queries import results_json  # noqa: PLC0415

    with shell.database.read() as session:
        return results_json(session, find_project(session, project), threshold)


def _say_results(answer: dict[str, Any]) -> None:
    say(f"Bake-off {answer['bakeoff']}, threshold {answer['threshold']:g}, positive: {answer['positive']}")
    if in_use := answer["in_use"]:
        say(f"In use: {in_use['model']} of bake-off {in_use['bakeoff']}, from {in_use['threshold']:g} on")
    width = max(len(row["model"]) for row in answer["models"])
    say(f"{'model':<{width}} precision recall    F1   EER   AUC  params M  seconds")
    for row in answer["models"]:
        eer, auc = (_figure(row, name) for name in ("eer", "auc"))
        say(
            f"{row['model']:<{width}} {row['precision']:9.3f} {row['recall']:6.3f} {row['f1']:5.3f} {eer} {auc} "
            f"{row['parameters'] / 1e6:9.1f} {row['seconds']:8.0f}"
        )
    _say_verdicts(answer)


def _say_verdicts(answer: dict[str, Any]) -> None:
    """Say whether the model that errs least, or the first of them, is better than each of the others."""
    from app.results.board import badness  # noqa: PLC0415
    from app.results.verdicts import judge_row  # noqa: PLC0415

    best = min(answer["models"], key=lambda row: badness(row["figures"]))["model"]
    for row in answer["pairs"]:
        if best in {row["first"], row["second"]}:
            verdict = judge_row(row, row["first"], row["second"])
            say(" ".join([verdict.sentence, *verdict.by_how_much]))


def _figure(row: dict[str, Any], name: str) -> str:
    value = row["figures"].get(name, {}).get("value")
    return "    –" if value is None else f"{value:5.3f}"


def queued(shell: Shell, job_id: str) -> dict[str, Any]:
    from app.jobs.presence import list_live_workers  # noqa: PLC0415

    with shell.database.read() as session:
        return {
            "job": job_id,
            "workers": len(list_live_workers(session, shell.settings.worker_dead_after_s)),
        }


def say_queued(answer: dict[str, Any], project: str) -> None:
    if answer["workers"]:
        say(f"Queued; `squint status {project}` tells how far it is.")
    else:
        say("Queued; it starts as soon as there is a worker: `squint serve` or `squint worker`.")
