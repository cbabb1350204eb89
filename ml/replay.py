"""What a replayed project comes to: whom the person sees next, what is known then, how good the labels are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.contract import SimulationPlan, seed_answers
from ml.data import Rows
from ml.labelers.evidence import Answers


@dataclass(frozen=True)
class Point:
    """The state after so many answers. Shares are 0..1."""

    answers: int
    unclear: int
    accepted: int
    wrong_in_accepted: float
    """Share of the accepted; 0 where none is accepted."""
    wrong_in_all: float
    """Share of all: answered images as the person said, all others by the recipe's best guess."""
    bound: float
    seconds: float
    """Of the rounds since the row before."""
    estimate: float | None = None
    """The recipe's own estimate of `wrong_in_accepted`; None: it makes none."""
    estimate_all: float | None = None
    """And of `wrong_in_all`, which lies between the next two 95 times of 100."""
    low_all: float | None = None
    high_all: float | None = None


@dataclass(frozen=True)
class State:
    """Where a replayed project stands."""

    answered: Rows
    accepted: NDArray[np.bool_]
    guess: NDArray[np.int64]
    """Class index `[N]`: what the models think of every image."""


@dataclass(frozen=True)
class Played:
    curve: list[Point]
    state: State
    """After the last answer, before the audit."""
    audited: Rows
    """What of the accepted is checked, in the order in which it was drawn."""
    after_audit: Point | None
    """None: there was none."""
    notes: list[str]


def list_stops(plan: SimulationPlan, step: int) -> list[int]:
    """After the seed, after every whole `step` answers, and where the plan or the person ends."""
    first = seed_answers(plan.recipe, len(plan.classes))
    last = max(first, min(plan.answers, int((np.array(plan.person) >= 0).sum())))
    return sorted({first, *range(first - first % step + step, last, step), last})


def draw_seed(plan: SimulationPlan) -> Rows:
    answerable = np.flatnonzero(np.array(plan.person) >= 0)
    return np.random.default_rng(plan.seed).permutation(answerable)[
        : seed_answers(plan.recipe, len(plan.classes))
    ]


def draw_audit(plan: SimulationPlan, state: State) -> Rows:
    pile = np.flatnonzero(state.accepted)
    return np.random.default_rng([plan.seed, plan.audit]).permutation(pile)[: plan.audit]


def queue_after(plan: SimulationPlan, answered: Rows, priority: NDArray[np.float32], drawn: Rows) -> Rows:
    """Whom the person sees next: first the rest of the seed, then as the recipe asks; never one twice."""
    left = np.setdiff1d(drawn, answered)
    if len(left):
        return drawn[np.isin(drawn, left)]
    order = np.argsort(-priority, kind="stable")
    able = (np.array(plan.person)[order] >= 0) & (priority[order] >= 0)
    return order[able & ~np.isin(order, answered)]


def known_to(plan: SimulationPlan, answered: Rows, drawn: Rows, audited: Rows) -> Answers:
    labels = np.full(len(plan.names), -1, np.int64)
    labels[answered] = np.array(plan.person)[answered]
    every, said = np.arange(len(labels)), labels >= 0
    return Answers(labels, groups_of(plan), np.isin(every, drawn) & said, np.isin(every, audited) & said)


def groups_of(plan: SimulationPlan) -> list[str]:
    return plan.groups or plan.names


def point_of(plan: SimulationPlan, state: State, bound: float, seconds: float) -> Point:
    truth = np.array(plan.truth)
    known = truth >= 0
    said = np.full(len(truth), -1)
    said[state.answered] = np.array(plan.person)[state.answered]
    final = np.where(said >= 0, said, state.guess)
    judged = state.accepted & known
    return Point(
        answers=len(state.answered),
        unclear=len(truth) - len(state.answered) - int(state.accepted.sum()),
        accepted=int(state.accepted.sum()),
        wrong_in_accepted=_share(state.guess[judged] != truth[judged]),
        wrong_in_all=_share(final[known] != truth[known]),
        bound=round(bound, 5),
        seconds=round(seconds, 1),
    )


def _share(wrong: NDArray[np.bool_]) -> float:
    return round(float(wrong.mean()), 5) if len(wrong) else 0.0
