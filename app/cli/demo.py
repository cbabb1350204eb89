"""Something to try everything on."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.options import DataDir, Json
from app.cli.root import app
from app.cli.shell import acting_user, opened, say, say_json


@app.command()
def demo(
    count: Annotated[int, typer.Option(min=40, max=20_000, help="How many eyes to draw.")] = 600,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Make a project of drawn eyes with a labelled seed, ready for the labelers; a second time adds nothing."""
    from app.demo import make_demo  # noqa: PLC0415  `squint --help` needs none of it

    with opened(data_dir) as shell:
        with shell.database.write() as session:
            user_id = acting_user(session, None).id
        made = make_demo(shell.database, shell.settings, user_id=user_id, count=count)
    if json:
        say_json({"project": made.name, "id": made.project_id, "images": made.images, "labelled": made.labelled})
    else:
        say(f"Project {made.name}: {made.images:,} eyes, {made.labelled:,} of them labelled.")
        say(f"Next: `squint label {made.name} --wait`, or `squint serve` and press Train.")
