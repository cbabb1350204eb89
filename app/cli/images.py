"""Images and labels on their way in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.cli.bars import polled_bar
from app.cli.options import As, DataDir, GroupBy, Json, Project
from app.cli.root import app
from app.cli.shell import Shell, acting_user, opened, project_for, say, say_json
from app.errors import BadInputError

if TYPE_CHECKING:
    from app.images.labels import LabelReport
    from app.images.reports import ImportProgress, ImportReport
    from app.images.service import LabelRow

LISTED = 20
"""Files or rows named on the terminal; `--json` names all."""


@app.command("import")
def import_(  # noqa: PLR0913, PLR0917  the options of an import
    project: Project,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A zip, or a folder.")],
    labels: Annotated[Path | None, typer.Option(metavar="CSV", help="Header: filename,label.")] = None,
    group_by: GroupBy = None,
    class_folders: Annotated[
        bool, typer.Option("--class-folders", help="Folders named as classes are labels.")
    ] = False,
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Take images into a project; the same ones a second time add nothing."""
    rows = read_rows(labels) if labels else []
    with opened(data_dir) as shell:
        user_id, project_id = who_and_where(shell, project, as_)
        report = _import(shell, project_id, user_id, path, group_pattern=group_by, class_folders=class_folders)
        said = add_answers(shell, project_id, user_id, rows, "import") if rows else None
    if json:
        say_json({**report.to_dict(), "labels": said.to_dict() if said else None})
        return
    say(
        f"{report.received:,} images in {report.seconds:.1f} s: {report.taken:,} taken, "
        f"{report.already_there:,} already there, {report.set_aside:,} set aside."
    )
    _list([f"{note.file}: {note.reason}" for note in report.notes])
    if said:
        say_labels(said)


@app.command()
def annotate(  # noqa: PLR0913, PLR0917  the options of a file of answers
    project: Project,
    csv: Annotated[Path | None, typer.Argument(metavar="CSV", help="Header: filename,label.")] = None,
    source: Annotated[
        Literal["seed", "review", "audit"], typer.Option(help="Why these were asked: seed, review or audit.")
    ] = "review",
    replace: Annotated[
        bool, typer.Option("--replace", help="The file has the last word where people said otherwise.")
    ] = False,
    undo: Annotated[str, typer.Option(metavar="UPLOAD", help="Take back all that this file had added.")] = "",
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Give a person's answers from a file; what people said before stays."""
    if (csv is None) == (not undo):
        raise BadInputError("Name a file of answers, or --undo with an upload, and not both.")
    if replace and source == "audit":
        raise BadInputError("An audit's answers replace nothing: they measure.")
    rows = read_rows(csv) if csv else []
    with opened(data_dir) as shell:
        user_id, project_id = who_and_where(shell, project, as_)
        if undo:
            _take_back(shell, project_id, user_id, undo, json=json)
            return
        said = add_answers(shell, project_id, user_id, rows, source, replace=replace)
    if json:
        say_json(said.to_dict())
    else:
        say_labels(said)
        if said.changed:
            say(f"All of it is taken back by: squint annotate {project} --undo {said.upload}")
    if said.refused and said.received == len(said.refused):
        raise typer.Exit(1)


def who_and_where(shell: Shell, project: str, email: str | None) -> tuple[int, int]:
    from app.models import Role  # noqa: PLC0415

    with shell.database.write() as session:
        user = acting_user(session, email)
        return user.id, project_for(session, project, user, Role.ENGINEER).id


def read_rows(path: Path) -> list[LabelRow]:
    from app.images.service import read_labels_csv  # noqa: PLC0415

    return read_labels_csv(path.read_bytes())


def _import(shell: Shell, project_id: int, user_id: int, path: Path, **options: Any) -> ImportReport:
    from app.images.limits import SHELL  # noqa: PLC0415
    from app.images.reports import ImportProgress  # noqa: PLC0415
    from app.images.service import import_images  # noqa: PLC0415

    progress = ImportProgress()
    with _import_bar(progress):
        return import_images(
            shell.database, shell.settings, project_id=project_id, user_id=user_id, source=path,
            name=path.name, limits=SHELL, progress=progress, **options,
        )  # fmt: skip


@contextmanager
def _import_bar(progress: ImportProgress) -> Iterator[None]:
    with polled_bar(lambda: (progress.stage, progress.done, progress.total), unit="images"):
        yield


def _take_back(shell: Shell, project_id: int, user_id: int, upload: str, *, json: bool) -> None:
    from app.labeling.service import take_back_upload  # noqa: PLC0415
    from app.models import User  # noqa: PLC0415

    with shell.database.write() as session:
        user = session.get_one(User, user_id)
        count = take_back_upload(session, user=user, project_id=project_id, upload=upload)
    if json:
        say_json({"upload": upload, "taken_back": count})
    else:
        say(f"{count:,} labels taken back; what people had said before stands again.")


def add_answers(
    shell: Shell, project_id: int, user_id: int, rows: list[LabelRow], source: str, *, replace: bool = False
) -> LabelReport:
    """Add the answers of a file; those for an audit only to images that were drawn for it."""
    from app.images.service import import_labels  # noqa: PLC0415
    from app.labelers.service import go_on_after_file  # noqa: PLC0415
    from app.models import AnnotationSource, Project, User  # noqa: PLC0415
    from app.review.audit_queries import drawn_ids, get_audit  # noqa: PLC0415

    with shell.database.write() as session:
        audited = source == AnnotationSource.AUDIT.value
        report = import_labels(
            session,
            project=session.get_one(Project, project_id),
            user=session.get_one(User, user_id),
            rows=rows,
            source=AnnotationSource(source),
            drawn=drawn_ids(session, get_audit(session, project_id, None)) if audited else None,
            replace=replace,
        )
        go_on_after_file(session, project_id)
        return report


def say_labels(said: LabelReport) -> None:
    say(
        f"{said.received:,} labels: {said.added:,} added, {said.unchanged:,} known before, "
        f"{len(said.refused):,} refused, {len(said.conflicts):,} in conflict, {len(said.replaced):,} replaced."
    )
    _list(
        [f"Row {row.row}, {row.filename}: {row.reason}" for row in said.refused]
        + [f"Row {c.row}, {c.filename}: says {c.says}, but a person said {c.has}." for c in said.conflicts]
        + [f"Row {c.row}, {c.filename}: {c.says} now, a person had said {c.has}." for c in said.replaced]
    )


def _list(lines: list[str]) -> None:
    for line in lines[:LISTED]:
        print(line, file=sys.stderr)
    if len(lines) > LISTED:
        print(f"… and {len(lines) - LISTED:,} more; --json names them all.", file=sys.stderr)
