"""What the answers prove: which labeler was right, what may be accepted at all, how much of it may be wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.audit import interval, upper_bound
from ml.calibration import fit_weights, probabilities
from ml.contract import Expected, LabelerReport, WrongShare
from ml.data import Rows
from ml.linear import Floats
from ml.views import View

FEWEST_ANSWERS = 20
FEWEST_OF_A_CLASS = 5
"""Before so many answers nothing is accepted, and nothing ever as a class with fewer."""
TWO_SIDED = 1.96
"""Standard deviations to either side that hold 95 of 100."""
FEWEST_AT_RANDOM = 30
"""From so many randomly drawn answers on a labeler's error is told of them alone."""


@dataclass(frozen=True)
class Answers:
    """What people said so far; all run parallel to the pack."""

    labels: NDArray[np.int64]
    """Class index, -1 where nobody answered."""
    groups: Sequence[str]
    at_random: NDArray[np.bool_]
    """Answers to images drawn by lot from all: they alone speak for the whole pile."""
    audited: NDArray[np.bool_]
    """Answers to images drawn by lot from what was accepted at the time."""

    @property
    def rows(self) -> Rows:
        return np.flatnonzero(self.labels >= 0)

    @property
    def by_lot(self) -> Rows:
        """Those that tell how sure the labelers truly are; all answers where none is from the whole pile."""
        return np.flatnonzero(self.at_random | self.audited) if self.at_random.any() else self.rows


def candidates_of(
    probability: Floats, labels: NDArray[np.int64], classes: Sequence[str]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which images may be accepted at all, and why others may not."""
    answers = Counter(labels[labels >= 0].tolist())
    if answers.total() < FEWEST_ANSWERS:
        note = f"Nothing is accepted before there are {FEWEST_ANSWERS} answers; there are {answers.total()}."
        return np.zeros(len(labels), bool), [note]
    rare = [c for c in range(len(classes)) if answers[c] < FEWEST_OF_A_CLASS]
    notes = [
        f"Nothing is accepted as {classes[c]} yet: {FEWEST_OF_A_CLASS} answers are needed; it has {answers[c]}."
        for c in rare
    ]
    return (labels < 0) & ~np.isin(probability.argmax(1), rare), notes


def own_probabilities(
    views: Sequence[View], said: Floats, rows: Rows, labels: NDArray[np.int64], times: NDArray[np.float64]
) -> dict[str, Floats]:
    """Return each labeler's own calibrated probabilities `[N, K]`."""
    scales = [fit_weights(logits[None][:, rows], labels, times) for logits in said]
    return {
        view.name: probabilities(logits[None], scale)
        for view, logits, scale in zip(views, said, scales, strict=True)
    }


def reports_of(
    views: Sequence[View], own: dict[str, Floats], parts: NDArray[np.float64], answers: Answers
) -> list[LabelerReport]:
    """What each labeler proved: on answers drawn by lot where they are enough, else on all."""
    drawn = np.flatnonzero(answers.at_random)
    rows = drawn if len(drawn) >= FEWEST_AT_RANDOM else answers.rows
    reports = []
    for view, part in zip(views, parts, strict=True):
        wrong = int((own[view.name][rows].argmax(1) != answers.labels[rows]).sum())
        low, high = interval(wrong, len(rows))
        reports.append(LabelerReport(view.name, view.title, float(part), wrong / len(rows), low, high, len(rows)))
    return reports


def wrong_share_of(
    probability: Floats, others: NDArray[np.float64], accepted: NDArray[np.bool_], answers: Answers
) -> WrongShare:
    """Estimate the share of wrong labels among the accepted, from the calibration and from the random answers."""
    if not accepted.any():
        return WrongShare(0.0, 0.0, 1.0, 0, 0, 1.0)
    wrong = 1 - probability.max(1)
    drawn = np.flatnonzero(answers.at_random)
    alike = drawn[wrong[drawn] <= wrong[accepted].max()]
    missed = int((probability[alike].argmax(1) != answers.labels[alike]).sum())
    found = _expected(others[:, accepted], int(accepted.sum()))
    bound = upper_bound(missed, len(alike)) if len(alike) else 1.0
    return WrongShare(found.estimate, found.low, found.high, len(alike), missed, bound)


def all_wrong_of(others: NDArray[np.float64], answers: Answers) -> Expected:
    """Estimate the wrong share of all labels, if answers are right and the rest took its likeliest class."""
    return _expected(others[:, answers.labels < 0], len(answers.labels))


def _expected(others: NDArray[np.float64], images: int) -> Expected:
    """Return the share of `images` that is wrong, with its 95 % range; `others` `[draws, n]` as in `accept`.

    The range holds what the likely calibrations say, and that so many images fall out one way or the other.
    """
    shares, chance = others.sum(1) / images, others.mean(0)
    estimate = float(shares.mean())
    low, high = np.quantile(shares, (0.025, 0.975))
    luck = TWO_SIDED * float(np.sqrt((chance * (1 - chance)).sum())) / images
    below, above = np.hypot(estimate - low, luck), np.hypot(high - estimate, luck)
    return Expected(estimate, max(estimate - float(below), 0.0), min(estimate + float(above), 1.0))
