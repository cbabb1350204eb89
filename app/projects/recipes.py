"""The ways in which labelers and people may share the work."""

from __future__ import annotations

from app.languages import gettext as _
from app.models import Recipe

DEFAULT_RECIPE = Recipe.SQUINT.value


def recipes() -> dict[str, str]:
    """Return what each does, for people."""
    return {
        Recipe.SQUINT.value: _(
            "Few answers: learns from the unlabelled images first, asks about those it is least sure of, and "
            "learns again after every batch of answers. Accepts only what it is sure enough of."
        ),
        Recipe.FOUNDING.value: _(
            "The founding report's way: ResNet50 and YOLOv8n learn from the seed, once. Where both say the same, "
            "the image is labelled; where they differ, you decide."
        ),
    }
