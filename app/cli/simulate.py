"""What a project would have cost: replayed with a labels file as the person."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.bars import bar
from app.cli.files import whole_file, whole_table
from app.cli.options import GroupBy, Json
from app.cli.root import app
from app.cli.shell import say, say_json
from app.cli.training import Set, changes_of
from app.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.simulation import Asked

RECIPES = ("squint", "founding")


Images = Annotated[str, typer.Option(metavar="PATH", help="A zip, a folder, or rendered:COUNT for drawn eyes.")]
Labels = Annotated[Path | None, typer.Option(metavar="CSV", help="The truth, header filename,label.")]
Recipes = Annotated[str, typer.Option(help="squint or founding, or both parted by a comma: a table each.")]
Answers = Annotated[int, typer.Option(min=100, help="How many the person gives.")]
Seed = Annotated[int, typer.Option(min=0, help="Other images in the seed.")]
Seeds = Annotated[str, typer.Option(metavar="0,1,2", help="Several, with the spread between them.")]
Human = Annotated[
    Path | None, typer.Option(metavar="CSV", help="What the person answers, where that is not the truth.")
]
Audit = Annotated[
    int, typer.Option(min=0, metavar="N", help="At the end the person checks so many accepted labels.")
]
Weights = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="ImageNet weights lie there; else from scratch or without."),
]
Work = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Keep what was learnt there; the next replay is quicker.")
]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="OUT", help="Write all rows there.")]
Plot = Annotated[Path | None, typer.Option(metavar="OUT", help="Draw the curves: a png or svg file.")]


@app.command()
def simulate(  # noqa: PLR0913, PLR0917  the options of a replay
    images: Images,
    labels: Labels = None,
    recipe: Recipes = "squint",
    answers: Answers = 300,
    seed: Seed = 0,
    seeds: Seeds = "",
    human: Human = None,
    audit: Audit = 0,
    group_by: GroupBy = None,
    weights: Weights = None,
    work: Work = None,
    csv: Csv = None,
    plot: Plot = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Replay a project with a labels file as the person: how many answers, and how good the labels."""
    from app.simulation import Asked  # noqa: PLC0415  `squint --help` needs none of it

    if plot and plot.suffix.lower() not in {".png", ".svg"}:
        raise BadInputError(f"--plot writes a png or an svg file, not {plot.name}.")
    asked = Asked(
        images, labels, human, _recipes(recipe), answers, _seeds(seeds) or [seed], changes_of(set_),
        group_by or "", weights, audit,
    )  # fmt: skip
    answer = _replay(asked, work)
    if csv:
        _write_csv(csv, answer["runs"])
    if plot:
        _plot(plot, answer)
    if json:
        say_json(answer)
    else:
        _say(answer)


def _replay(asked: Asked, work: Path | None) -> dict[str, Any]:
    from app.simulation import run_simulations  # noqa: PLC0415

    with ExitStack() as stack:
        folder = work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="squint-")))
        folder.mkdir(parents=True, exist_ok=True)
        show = stack.enter_context(bar("images" if len(asked.recipes) * len(asked.seeds) == 1 else "replays"))
        return run_simulations(asked, folder, show)


def _recipes(given: str) -> Sequence[Any]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    if not names or any(name not in RECIPES for name in names):
        raise BadInputError(f"--recipe takes squint or founding, or both parted by a comma, not {given}.")
    return list(dict.fromkeys(names))


def _seeds(given: str) -> list[int]:
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise BadInputError(f"--seeds takes whole numbers parted by commas, such as 0,1,2, not {given}.")
    return list(dict.fromkeys(map(int, parts)))


def _say(answer: Mapping[str, Any]) -> None:
    for recipe, table in answer["tables"].items():
        say(f"{recipe}: mean of {len(answer['seeds'])} seeds" if len(answer["seeds"]) > 1 else recipe)
        say("answers  unclear  accepted  wrong in accepted  wrong in all   bound  seconds")
        for row in table["curve"]:
            say(
                f"{row['answers']:7,.0f} {row['unclear']:8,.0f} {row['accepted']:9,.0f} "
                f"{row['wrong_in_accepted']:18.2%} {row['wrong_in_all']:13.2%} {row['bound']:7.2%} "
                f"{row['seconds']:8.1f}"
            )
    for run in answer["runs"]:
        if "audit" in run:
            say(f"Audit of {run['recipe']}, seed {run['seed']}: {run['audit']['statement']}")
            _say_after(run["audit"].get("after"))
    for note in answer["notes"]:
        say(note)


def _say_after(row: Mapping[str, Any] | None) -> None:
    if row:
        say(
            f"With its answers: {row['unclear']:,} unclear, {row['accepted']:,} accepted, of which "
            f"{row['wrong_in_accepted']:.2%} wrong; {row['wrong_in_all']:.2%} wrong of all."
        )


def _write_csv(out: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    from csv import DictWriter  # noqa: PLC0415  the option's name is taken

    with whole_table(out) as text:
        table = DictWriter(text, ["recipe", "seed", *runs[0]["curve"][0]])
        table.writeheader()
        for run in runs:
            table.writerows({"recipe": run["recipe"], "seed": run["seed"], **row} for row in run["curve"])


def _plot(out: Path, answer: Mapping[str, Any]) -> None:
    from app.cli.curves import draw_curves  # noqa: PLC0415  matplotlib is slow to import

    with whole_file(out) as temporary:
        draw_curves(answer, temporary, out.suffix.lower().removeprefix("."))
