"""Why a run cannot go on: one plain sentence for a person."""

from __future__ import annotations


class RunError(Exception):
    """`str(error)` is the sentence that the page shows."""


class MissingWeightsError(RunError):
    """Pretrained weights are neither in the weights folder nor to be downloaded."""


class MissingLibraryError(RunError):
    """A model needs a library that is an extra of Squint, and is not installed here."""


class NotFiniteError(RunError):
    """Training gave numbers that are not finite; such a model is never kept."""


class DamagedModelError(RunError):
    """A model folder is incomplete, altered, or not of our making."""
