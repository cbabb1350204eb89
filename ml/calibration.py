"""How far each labeler is trusted, by images that it had not seen. Pure.

The labelers' logits are added up with weights of at least 0 (Breiman, "Stacked Regressions", 1996), fitted to
the out-of-fold logits. A labeler that adds nothing ends at 0. The labels count as slightly uncertain, in the
manner of Platt (1999): as if half an answer in all were wrong, so that nothing is ever certain. Asked images are
harder than most; what was drawn at random therefore counts more. How sure all together are: `ml.certainty`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.splitting import Rows

Floats = NDArray[np.float32]
MOST_WEIGHT = 30.0
NOTHING = 1e-3
AT_RANDOM = 10.0
"""How often an answer to an image drawn at random counts; one that was asked for counts once. So the 30 drawn for
the seed count as much as 300 asked."""
PATIENCE = 200
"""After so many answers what the labelers proved counts as much as what they were trusted with before."""


def make_folds(
    rows: Rows, labels: Sequence[int], groups: Sequence[str], count: int, seed: int
) -> NDArray[np.int64]:
    """Return each row's fold, 0 to count - 1: groups whole, every class spread as evenly as its groups allow.

    `labels` and `groups` are those of all rows of the pack.
    """
    random = np.random.default_rng(seed)
    members: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        members.setdefault(groups[row], []).append(place)
    order = sorted(members, key=lambda key: (-len(members[key]), random.random()))
    held: dict[int, NDArray[np.int64]] = {}
    sizes = np.zeros(count, np.int64)
    folds = np.zeros(len(rows), np.int64)
    for key in order:
        wanted = labels[rows[members[key][0]]]
        of_class = held.setdefault(wanted, np.zeros(count, np.int64))
        fold = int(np.lexsort((sizes, of_class))[0])
        folds[members[key]] = fold
        of_class[fold] += len(members[key])
        sizes[fold] += len(members[key])
    return folds


def fold_of_all(rows: Rows, folds: NDArray[np.int64], groups: Sequence[str]) -> NDArray[np.int64]:
    """Return every image's fold `[N]`, that of its group; -1 where none of the group's images is among `rows`."""
    by_group = {groups[row]: int(fold) for row, fold in zip(rows, folds, strict=True)}
    return np.array([by_group.get(group, -1) for group in groups], np.int64)


def soft_targets(labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Return `[n, K]`: a label counts (n + ½) / (n + 1), and the other classes share the rest."""
    rest = 0.5 / (len(labels) + 1)
    targets = np.full((len(labels), classes), rest / (classes - 1))
    targets[np.arange(len(labels)), labels] = 1 - rest
    return targets


def fit_weights(
    logits: NDArray[np.floating[Any]],
    labels: NDArray[np.int64],
    times: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return weights `[V]` from 0 up for out-of-fold logits `[V, n, K]`, by the least cross-entropy.

    `times`: how often each row counts.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  slow to import

    said = logits.astype(np.float64)
    targets = soft_targets(labels, said.shape[2])
    times = np.ones(len(labels)) if times is None else times

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        joined = np.tensordot(weights, said, 1)
        shares, total = _softmax(joined)
        value = (times * (total - (targets * joined).sum(1))).sum()
        slope = np.tensordot(said, (shares - targets) * times[:, None], ([1, 2], [0, 1]))
        return float(value / times.sum()), slope / times.sum()

    found: Any = minimize(
        loss, np.ones(len(said)), jac=True, method="L-BFGS-B", bounds=[(0, MOST_WEIGHT)] * len(said)
    )
    weights: NDArray[np.float64] = found.x
    return weights


def weigh(
    logits: Floats, labels: NDArray[np.int64], times: NDArray[np.float64], trust: Sequence[float]
) -> NDArray[np.float64]:
    """Return each labeler's weight `[V]` for out-of-fold logits `[V, n, K]`, summing to 1 (0 if none is of use).

    What the answers say, drawn towards `trust` while they are few; 0 for a labeler that by itself says nothing.
    """
    earns = [fit_weights(said[None], labels, times)[0] > NOTHING for said in logits]
    kept = np.where(earns, trust, 0.0)
    found = influence(logits, fit_weights(logits, labels, times))
    parts = len(labels) * found + PATIENCE * kept / (kept.sum() or 1)
    weights: NDArray[np.float64] = parts / _spread(logits)
    return weights / (weights.sum() or 1)


def probabilities(logits: NDArray[np.floating[Any]], weights: NDArray[np.float64]) -> Floats:
    """Return float32 `[N, K]`, rows summing to 1, for logits `[V, N, K]`."""
    return _softmax(np.tensordot(weights, logits.astype(np.float64), 1))[0].astype(np.float32)


def influence(logits: NDArray[np.floating[Any]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each labeler's part `[V]` in what is said, summing to 1; zeros where none is trusted."""
    parts: NDArray[np.float64] = weights * _spread(logits)
    return parts / parts.sum() if parts.sum() > 0 else parts


def _spread(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """How far each labeler's logits `[V, N, K]` lie from even, on average; never 0."""
    spread = np.array([(said - said.mean(1, keepdims=True)).std() for said in logits], np.float64)
    return spread.clip(min=1e-9)


def _softmax(logits: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shares `[N, K]` and the logarithm of each row's sum."""
    top = logits.max(1, keepdims=True)
    raised = np.exp(logits - top)
    total = raised.sum(1)
    return raised / total[:, None], np.log(total) + top[:, 0]
