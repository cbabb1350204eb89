"""What a project would have cost: replayed with a labels file as the person."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.cli.bars import bar
from app.cli.options import Json
from app.cli.root import app
from app.cli.shell import say, say_json
from app.cli.training import Set, changes_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@app.command()
def simulate(  # noqa: PLR0913, PLR0917  the options of a replay
    images: Annotated[Path, typer.Option(metavar="PATH", help="A zip, or a folder.")],
    labels: Annotated[Path, typer.Option(metavar="CSV", help="The truth, header filename,label.")],
    recipe: Annotated[Literal["squint", "founding"], typer.Option(help="How to label.")] = "squint",
    answers: Annotated[int, typer.Option(min=100, help="How many the person gives.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Another order of the first hundred.")] = 0,
    human: Annotated[
        Path | None, typer.Option(metavar="CSV", help="What the person answers, where that is not the truth.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep what was learnt there; the next replay is quicker.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="OUT", help="Write the curve there.")] = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Replay a project with a labels file as the person: how many answers, and how good the labels."""
    from app.simulation import Asked, run_simulation  # noqa: PLC0415  `squint --help` needs none of it

    with ExitStack() as stack:
        folder = work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="squint-")))
        folder.mkdir(parents=True, exist_ok=True)
        show = stack.enter_context(bar("images"))
        asked = Asked(images, labels, human, recipe, answers, seed, changes_of(set_))
        answer = run_simulation(asked, folder, show)
    if csv:
        _write_csv(csv, answer["curve"])
    if json:
        say_json(answer)
    elif not csv:
        _say_curve(answer)


def _say_curve(answer: Mapping[str, Any]) -> None:
    say("answers  unclear  accepted  wrong in accepted  wrong in all   bound  seconds")
    for row in answer["curve"]:
        say(
            f"{row['answers']:7,} {row['unclear']:8,} {row['accepted']:9,} {row['wrong_in_accepted']:18.2%} "
            f"{row['wrong_in_all']:13.2%} {row['bound']:7.2%} {row['seconds']:8.1f}"
        )
    for note in answer["notes"]:
        say(note)


def _write_csv(out: Path, curve: list[dict[str, Any]]) -> None:
    from csv import DictWriter  # noqa: PLC0415  the option's name is taken

    from app.cli.transfer import whole_file  # noqa: PLC0415

    with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
        table = DictWriter(text, curve[0].keys())
        table.writeheader()
        table.writerows(curve)
