"""What an import says of a file, in the language of whoever reads it: it is kept in English."""

from __future__ import annotations

import re

from app.languages import counted as _n
from app.languages import filled
from app.languages import gettext as _

LARGER = re.compile(r"Larger than (?P<size>.+)\.")
PIXELS = re.compile(r"The picture has far more than (?P<number>\d+) megapixels\.")
SIDES = re.compile(
    r"The picture is (?P<width>\d+) × (?P<height>\d+) pixels; the limit is (?P<side>\d+) a side and "
    r"(?P<number>\d+) megapixels\."
)
NO_CLASS = re.compile(
    r"No class has this folder's name(; the class is written (?P<near>.+))?: "
    r"(?P<number>\d+) images without a label\."
)
LIES = re.compile(r"Lies in (?P<says>.+), but a person said (?P<has>.+): not changed\.")
ALIKE = re.compile(r"(?P<number>[\d,]+) pairs look the same and stay in one group\.")
LABELLED = re.compile(r"(?P<number>[\d,]+) images have a label from their folder\.")


def reason_in_words(reason: str) -> str:
    """Return why a file was put aside, or what is to be known of it, as the reader says it."""
    return _counted(reason) or _filled(reason) or _plain(reason)


def _counted(reason: str) -> str:
    if said := ALIKE.fullmatch(reason):
        return _n(
            "%(number)s pair looks the same and stays in one group.",
            "%(number)s pairs look the same and stay in one group.",
            _number(said),
        )
    if said := LABELLED.fullmatch(reason):
        return _n(
            "%(number)s image has a label from its folder.",
            "%(number)s images have a label from their folder.",
            _number(said),
        )
    return ""


def _number(said: re.Match[str]) -> int:
    return int(said["number"].replace(",", ""))


def _filled(reason: str) -> str:
    sentences = {
        LARGER: _("Larger than %(size)s."),
        PIXELS: _("The picture has far more than %(number)s megapixels."),
        SIDES: _(
            "The picture is %(width)s × %(height)s pixels; the limit is %(side)s a side and %(number)s "
            "megapixels."
        ),
        LIES: _("Lies in %(says)s, but a person said %(has)s: not changed."),
    }
    if sentence := filled(reason, sentences):
        return sentence
    if said := NO_CLASS.fullmatch(reason):
        near = _(
            "No class has this folder’s name; the class is written %(near)s. Images without a label: %(number)s."
        )
        none = _("No class has this folder’s name. Images without a label: %(number)s.")
        return (near if said["near"] else none) % said.groupdict()
    return ""


def _plain(reason: str) -> str:
    words = {
        "The picture carries far too much EXIF data.": _("The picture carries far too much EXIF data."),
        "The file is empty.": _("The file is empty."),
        "The picture is damaged or cut off.": _("The picture is damaged or cut off."),
        "This is not a JPEG, PNG, WebP or BMP picture.": _("This is not a JPEG, PNG, WebP or BMP picture."),
        "An animation; only its first picture is used.": _("An animation; only its first picture is used."),
        "Groups were not looked for: it failed or took too long.": _(
            "Groups were not looked for: it failed or took too long."
        ),
        "Damaged inside the zip: its size or checksum is wrong.": _(
            "Damaged inside the zip: its size or checksum is wrong."
        ),
        "A link, not a file.": _("A link, not a file."),
        "A device or pipe, not a file.": _("A device or pipe, not a file."),
        "An archive inside the archive is not opened.": _("An archive inside the archive is not opened."),
        "An archive among single files is not opened; please upload it alone.": _(
            "An archive among single files is not opened; please upload it alone."
        ),
    }
    return words.get(reason, reason)
