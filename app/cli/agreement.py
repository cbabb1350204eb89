"""How far people agree, and what their answers come to together."""

from __future__ import annotations

import csv as tables
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.files import whole_table
from app.cli.options import DataDir, Json, Project
from app.cli.root import app
from app.cli.shell import find_project, opened_to_read, say, say_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.models import Project as ProjectRow
    from app.team.consensus import Consensus
    from app.team.service import SecondLook, Team

FIGURES = ("answers", "cant_tell", "seconds", "a_minute", "shared")


@app.command()
def agreement(
    project: Project,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="OUT", help="Write filename,label,majority,consensus,quality of each image."
        ),
    ] = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Say how far people agree with each other and with themselves, and which label their answers come to."""
    from app.team.consensus import find_consensus  # noqa: PLC0415  `squint --help` needs none of it
    from app.team.service import read_second_look, read_team  # noqa: PLC0415

    with opened_to_read(data_dir) as shell, shell.database.read() as session:
        row = find_project(session, project)
        team = read_team(session, row)
        consensus = find_consensus(session, row, team.said)
        second = read_second_look(session, row)
        answer = _as_json(row, team) | {
            "consensus": _consensus_json(session, row, consensus),
            "second_opinions": _second_json(second) if second else None,
        }
        if csv:
            _write(session, row, consensus, csv)
    if json:
        say_json(answer)
    else:
        _say(answer)


def _as_json(project: ProjectRow, team: Team) -> dict[str, Any]:
    return {
        "project": project.name,
        "people": [
            {
                "email": person.user.email,
                **{key: getattr(person, key) for key in FIGURES},
                "agrees": asdict(person.agrees),
                "repeats": asdict(person.repeats),
            }
            for person in team.people
        ],
        "pairs": [
            {"people": [pair.first.email, pair.second.email], **asdict(pair.agreement)} for pair in team.pairs
        ],
        "everybody": asdict(team.everybody),
    }


def _consensus_json(session: Session, project: ProjectRow, found: Consensus | None) -> dict[str, Any] | None:
    if found is None:
        return None
    stands = _standing(session, project, found)
    return {
        "method": "CROWDLAB (cleanlab)",
        "images": len(found.image_ids),
        "differs_from_majority": sum(a != b for a, b in zip(found.consensus, found.majority, strict=True)),
        "differs_from_label": sum(
            label not in {"", project.classes[c].name} for label, c in zip(stands, found.consensus, strict=True)
        ),
        "merit": found.merit,
    }


def _second_json(second: SecondLook) -> dict[str, Any]:
    bought = second.bought
    return {
        **{key: getattr(bought, key) for key in ("asked", "answered", "changed", "disputed")},
        "labels": second.labels,
        "wrong_before": second.before,
        "wrong_after": second.after,
    }


def _standing(session: Session, project: ProjectRow, found: Consensus) -> list[str]:
    """Return the name of each image's label; empty: none stands."""
    from app.labeling.queries import current_labels  # noqa: PLC0415

    names = {c.id: c.name for c in project.classes}
    labels = current_labels(session, project.id, accepted=False)
    return [names[labels[i].class_id] if i in labels else "" for i in found.image_ids]


def _write(session: Session, project: ProjectRow, found: Consensus | None, out: Path) -> None:
    from app.cells import with_quote  # noqa: PLC0415
    from app.images.queries import names_of  # noqa: PLC0415

    with whole_table(out) as text:
        writer = tables.writer(text)
        writer.writerow(["filename", "label", "majority", "consensus", "quality"])
        if found is None:
            return
        files, stands = names_of(session, found.image_ids), _standing(session, project, found)
        rows = zip(found.image_ids, stands, found.majority, found.consensus, found.quality, strict=True)
        for image_id, label, majority, consensus, quality in rows:
            said = [project.classes[majority].name, project.classes[consensus].name]
            writer.writerow([with_quote(cell) for cell in [files[image_id], label, *said, f"{quality:.4f}"]])


def _say(answer: dict[str, Any]) -> None:
    for person in answer["people"]:
        repeats = person["repeats"]
        again = f", {repeats['same']} of {repeats['asked']} said alike again" if repeats["asked"] else ""
        agrees = f", agrees {_shown(person['agrees'], 100)} %" if person["shared"] else ""
        say(f"{person['email']}: {person['answers']:,} answers{agrees}{again}")
    for pair in answer["pairs"]:
        say(
            f"{' and '.join(pair['people'])}: differ on {pair['differ']:,} of {pair['images']:,}, "
            f"kappa {_shown(pair['kappa'])}, alpha {_shown(pair['alpha'])}"
        )
    if not answer["pairs"]:
        say("No two people have answered the same image yet.")
    if (second := answer["second_opinions"]) and second["asked"]:
        bought = f"{second['changed']:,} of {second['answered']:,} changed the label"
        say(f"Second opinions: {second['asked']:,} asked, {bought}.")
    if found := answer["consensus"]:
        say(
            f"Consensus by {found['method']}: another label than the majority's on "
            f"{found['differs_from_majority']:,} of {found['images']:,} images."
        )


def _shown(figure: dict[str, float | None], times: int = 1) -> str:
    value, low, high = (figure[key] for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "–"
    digits = 1 if times == 100 else 3
    return f"{value * times:.{digits}f} ({low * times:.{digits}f} to {high * times:.{digits}f})"
