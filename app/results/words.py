"""What the pages of results call things, in the reader's language."""

from __future__ import annotations

import re
from typing import Any

from app.languages import gettext as _
from app.languages import written
from app.words import source_word

SPAN = re.compile(r"(?:(?P<word>[a-z ]+), )?(?P<low>-?[\d.]+) to (?P<high>-?[\d.]+)")
"""A slice by number, as `ml.findings.slices` names it."""


def columns() -> list[tuple[str, str, str]]:
    """Return the table's columns: name, title, and when they are shown: "" always, `more` if asked for.

    `band`: where scores between two thresholds are set aside.
    """
    always = ("precision", "recall", "f1", "accuracy", "eer", "auc", "parameters", "latency_ms")
    names = (
        "precision", "recall", "f1", "accuracy", "answered", "eer", "auc", "average_precision",
        "balanced_accuracy", "mcc", "brier", "ece", "parameters", "bytes", "latency_ms", "images_per_s",
        "peak_mb", "seconds",
    )  # fmt: skip
    kinds = {"answered": "band", **dict.fromkeys(always, "")}
    return [(name, figure_word(name), kinds.get(name, "more")) for name in names]


def figure_word(name: str) -> str:
    words = {
        "precision": _("precision"), "recall": _("recall"), "f1": "F1", "accuracy": _("accuracy"),
        "answered": _("answered"), "eer": "EER", "auc": "AUC", "average_precision": "AP",
        "balanced_accuracy": _("balanced"), "mcc": "MCC",
        "brier": "Brier", "ece": "ECE", "parameters": _("params M"), "bytes": _("MB"),
        "latency_ms": _("ms / image"), "images_per_s": _("images / s"), "peak_mb": _("peak MB"),
        "seconds": _("trained"),
    }  # fmt: skip
    return words[name]


def part_word(name: str) -> str:
    words = {"train": _("training images"), "val": _("validation images"), "test": _("test images")}
    return words.get(name, name)


def cut_in_words(cut: dict[str, Any]) -> dict[str, Any]:
    """Return a bake-off's cut with its name and its slices as the reader calls them."""
    kind = source_word if cut["name"] == "source of the label" else _slice_word
    return {"name": _cut_word(cut["name"]), "slices": [kind(part) for part in cut["slices"]]}


def _cut_word(name: str) -> str:
    words = {
        "brightness": _("brightness"), "contrast": _("contrast"), "sharpness": _("sharpness"),
        "group": _("group"), "source of the label": _("source of the label"), "import": _("import"),
        "side": _("side"),
    }  # fmt: skip
    return words.get(name, name)


def _slice_word(name: str) -> str:
    words = {
        "darkest": _("darkest"), "brightest": _("brightest"), "flattest": _("flattest"),
        "strongest": _("strongest"), "most blurred": _("most blurred"), "sharpest": _("sharpest"),
        "smallest": _("smallest"), "largest": _("largest"), "alone": _("alone"), "of 2": _("of 2"),
        "of 3 to 5": _("of 3 to 5"), "of 6 and more": _("of 6 and more"), "others": _("others"),
    }  # fmt: skip
    if not (span := SPAN.fullmatch(name)):
        return words.get(name, name)
    ends = _("%(low)s to %(high)s") % {"low": written(span["low"]), "high": written(span["high"])}
    word = span["word"]
    return f"{words.get(word, word)}, {ends}" if word else ends
