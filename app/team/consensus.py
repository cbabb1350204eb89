"""One label from several people's answers by CROWDLAB (cleanlab): weighs each person, and the labelers, by merit.

Loads pandas and scikit-learn, so only the command line calls it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.models import Project
from app.team.agreement import NONE
from app.team.queries import Said, read_guesses


@dataclass(frozen=True)
class Consensus:
    """Of the images that two or more people answered; class indices run parallel to `image_ids`."""

    image_ids: list[int]
    majority: list[int]
    """By count; an even split as the labelers would have it, or else by the class that people name more often."""
    consensus: list[int]
    quality: list[float]
    """How sure the consensus is, 0..1."""
    merit: dict[str, float]
    """E-mail → how much that person's answers are worth, 0..1."""


def find_consensus(session: Session, project: Project, said: Said) -> Consensus | None:
    """Return None where no two people answered one image, or where no labeler has seen the images yet."""
    shared = np.flatnonzero((said.answers != NONE).sum(1) >= 2)
    ids = [said.image_ids[row] for row in shared]
    guesses = read_guesses(session, project, ids)
    rows = [row for row, image_id in zip(shared.tolist(), ids, strict=True) if image_id in guesses]
    if not rows:
        return None
    ids = [said.image_ids[row] for row in rows]
    named = said.answers[rows]
    columns = np.flatnonzero((named != NONE).any(0))
    labels = np.where(named == NONE, np.nan, named.astype(np.float64))[:, columns]
    return _crowdlab(labels, np.stack([guesses[i] for i in ids]), ids, [said.people[c].email for c in columns])


def _crowdlab(
    labels: NDArray[np.float64], guesses: NDArray[np.float64], ids: list[int], emails: list[str]
) -> Consensus:
    # Slow to import.
    from cleanlab.multiannotator import get_label_quality_multiannotator, get_majority_vote_label  # noqa: PLC0415

    found = get_label_quality_multiannotator(labels, guesses, return_detailed_quality=False, verbose=False)
    quality = found["label_quality"]
    return Consensus(
        ids,
        get_majority_vote_label(labels, guesses, verbose=False).astype(int).tolist(),
        quality["consensus_label"].astype(int).tolist(),
        quality["consensus_quality_score"].astype(float).tolist(),
        {
            emails[int(column)]: float(worth)
            for column, worth in found["annotator_stats"]["annotator_quality"].items()
        },
    )
