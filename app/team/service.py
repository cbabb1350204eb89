"""The team page's figures, put together from what people said."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import median

import numpy as np
from sqlalchemy.orm import Session

from app.models import Project, User
from app.team import queries
from app.team.agreement import NONE, Agreement, Figure, agreement
from app.team.queries import Repeats, Said, Work

PAUSE_S = 30.0
"""A longer time between two answers was a pause, and counts for no speed."""


@dataclass(frozen=True)
class Person:
    """One person's row."""

    user: User
    answers: int
    cant_tell: int
    seconds: float | None
    """The median that an image was looked at."""
    a_minute: float | None
    shared: int
    """Images that somebody else answered, too."""
    agrees: Figure
    """With the others: share of the pairs of answers that say the same."""
    repeats: Repeats


@dataclass(frozen=True)
class Pair:
    first: User
    second: User
    agreement: Agreement


@dataclass(frozen=True)
class Team:
    said: Said
    people: list[Person]
    pairs: list[Pair]
    everybody: Agreement


def read_team(session: Session, project: Project, only: User | None = None) -> Team:
    """Return everybody's figures, and what is between each two who share images; `only`: one person's own row."""
    said = queries.read_said(session, project)
    work = queries.read_work(session, project.id)
    repeats = queries.read_repeats(session, project.id)
    classes = len(project.classes)
    people = [
        _person(said, column, work.get(user.id, Work([], [])), repeats.get(user.id, Repeats()), classes)
        for column, user in enumerate(said.people)
        if only is None or user.id == only.id
    ]
    if only is not None:
        return Team(said, people, [], agreement(said.answers[:0], [], classes))
    pairs = [
        Pair(said.people[a], said.people[b], agreement(said.answers[:, [a, b]], said.groups, classes))
        for a, b in combinations(range(len(said.people)), 2)
    ]
    everybody = agreement(said.answers, said.groups, classes)
    return Team(said, people, [pair for pair in pairs if pair.agreement.images], everybody)


def _person(said: Said, column: int, work: Work, repeats: Repeats, classes: int) -> Person:
    mine = said.answers[:, column]
    shared = (mine != NONE) & ((said.answers != NONE).sum(1) > 1)
    return Person(
        said.people[column],
        len(work.times),
        said.cant_tell[column],
        median(work.seconds) if work.seconds else None,
        _a_minute(work),
        int(shared.sum()),
        _agrees(said, column, classes),
        repeats,
    )


def _agrees(said: Said, column: int, classes: int) -> Figure:
    """Pair this person's answer with each other one's, and compare the two columns."""
    others = [other for other in range(said.answers.shape[1]) if other != column]
    if not others:
        return Figure()
    pairs = np.concatenate([said.answers[:, [column, other]] for other in others])
    return agreement(pairs, said.groups * len(others), classes).percent


def _a_minute(work: Work) -> float | None:
    """Answers a minute, pauses left out; None until there are enough to say."""
    gaps = [(after - before).total_seconds() for before, after in pairwise(work.times)]
    gaps = [gap for gap in gaps if gap <= PAUSE_S]
    return 60 * len(gaps) / sum(gaps) if len(gaps) >= 5 and sum(gaps) > 0 else None
