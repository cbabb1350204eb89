"""How good a classifier is, from labels and scores.

Metrics are named and defined as in scikit-learn, and tests hold them to its values. They are computed here, in
numpy alone: a bootstrap wants all of them for hundreds of weightings at once, and the web process stays small.

"Positive" is the project's positive class; a score is its probability, and `score >= threshold` says positive.
"""

from ml.metrics.curves import equal_error_rate
from ml.metrics.decisions import (
    REPORT_THRESHOLD,
    Confusion,
    confusion_at,
    confusion_matrix,
    decide,
    per_class,
)
from ml.metrics.differences import Difference, redraw, subtract
from ml.metrics.pairs import Pair, compare, holm
from ml.metrics.summary import summarise
from ml.metrics.tally import GRID, Tally

__all__ = [
    "GRID",
    "REPORT_THRESHOLD",
    "Confusion",
    "Difference",
    "Pair",
    "Tally",
    "compare",
    "confusion_at",
    "confusion_matrix",
    "decide",
    "equal_error_rate",
    "holm",
    "per_class",
    "redraw",
    "subtract",
    "summarise",
]
