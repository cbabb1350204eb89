"""What several slices call the same things, in the reader's language."""

from __future__ import annotations

from app.languages import gettext as _


def source_word(name: str) -> str:
    """Say where a label comes from."""
    words = {
        "": _("nobody"), "none": _("nobody"), "accepted": _("accepted"), "seed": _("seed"),
        "review": _("review"), "issue": _("doubted label"), "audit": _("audit"), "import": _("import"),
        "adjudication": _("adjudication"), "twin": _("near duplicate"), "cant_tell": _("can’t tell"),
        "repeat": _("asked again"),
    }  # fmt: skip
    return words.get(name, name)


def labeler_word(title: str) -> str:
    """Return what a labeler is called; nets have names that are the same in every language."""
    words = {
        "Compact net": _("Compact net"), "Learnt features": _("Learnt features"), "Edges": _("Edges"),
        "Patches": _("Patches"),
    }  # fmt: skip
    return words.get(title, title)


def state_word(name: str) -> str:
    """Say where an image stands in the loop."""
    words = {
        "new": _("new"), "accepted": _("accepted"), "unclear": _("unclear"), "settled": _("settled"),
        "disputed": _("disputed"), "set_aside": _("set aside"),
    }  # fmt: skip
    return words.get(name, name)
