"""The page that goes with an exported classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT = """# {title}, trained with Squint

Classes, in the order of the outputs: {classes}.
The score of an image is the probability, 0 to 1, that it shows **{positive}**.

From a shell:

    squint predict {name}.zip eye.jpg

From Python:

    from ml.predict import load_model
    model = load_model("{name}.zip")
    print(model.score(["eye.jpg"]))

Pictures are scaled to {side} × {side} pixels; greyscale ones count as three equal channels. `config.json` says
all that it takes to use `model.safetensors` elsewhere, and what made it. The weights' sha256 is `{sha256}`.
{figures}"""


def describe(name: str, config: Mapping[str, Any], figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the README of a classifier's zip: `name`.zip, its `config.json`, and its test figures."""
    return TEXT.format(
        name=name,
        title=config["title"],
        classes=", ".join(config["classes"]),
        positive=config["classes"][config["positive"]],
        side=config["input_size"],
        sha256=config["sha256"],
        figures=_figures(figures),
    )


def _figures(figures: Mapping[str, Mapping[str, Any]]) -> str:
    known = {name: f for name, f in figures.items() if f.get("value") is not None and f.get("low") is not None}
    if not known:
        return ""
    lines = [
        f"| {name.replace('_', ' ')} | {f['value']:.4f} | {f['low']:.4f} to {f['high']:.4f} |"
        for name, f in known.items()
    ]
    head = "\nOn test images that it had never seen (precision and recall at threshold 0.6):\n"
    return "\n".join([head, "| | | 95 % |", "|---|---|---|", *lines, ""])
