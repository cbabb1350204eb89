"""Curves of replayed projects as a picture; only the command line draws it, in its own process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

COLORS = {"squint": "#1273a5", "founding": "#96600c"}
FIGURES = {"wrong_in_all": ("all labels", "-"), "wrong_in_accepted": ("accepted labels", "--")}


def draw_curves(answer: Mapping[str, Any], out: Path, kind: str) -> None:
    """Draw wrong labels against answers, a colour a recipe, the seeds' spread as a band."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "squint"  # the same curves give the same file
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for recipe, table in answer["tables"].items():
        for name, (title, line) in FIGURES.items():
            color = COLORS[recipe]
            answers = [row["answers"] for row in table["curve"]]
            shares = [100 * row[name] for row in table["curve"]]
            look: dict[str, Any] = {"color": color, "marker": "o", "markersize": 3, "clip_on": False}
            axes.plot(answers, shares, line, label=f"{recipe}: {title}", **look)
            low, high = ([100 * row[name][side] for row in table["spread"]] for side in (0, 1))
            axes.fill_between(answers, low, high, color=color, alpha=0.15, linewidth=0)
    seeds = len(answer["seeds"])
    spread = f"; mean of {seeds} seeds, shaded from the best to the worst" if seeds > 1 else ""
    axes.set(xlabel="answers of a person", ylabel="wrong labels, %")
    axes.set_title(f"{answer['images']:,} images, {len(answer['classes'])} classes{spread}", fontsize="medium")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(out, format=kind, dpi=160, metadata=metadata)
