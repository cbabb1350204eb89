"""The team page's figures, put together from what people said."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import median

import numpy as np
from sqlalchemy.orm import Session

from app.models import Project, Recipe, User
from app.review.service import Bought, read_bought
from app.team import queries
from app.team.agreement import NONE, Agreement, Figure, agreement
from app.team.queries import Repeats, Said, Work
from app.team.wrong import believed, wrong_share

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
        _person(said, column, work.get(user.id, Work()), repeats.get(user.id, Repeats()), classes)
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
        work.answers,
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


@dataclass(frozen=True)
class SecondLook:
    """What second opinions came to, and how many of people's labels are expected to be wrong without and with."""

    bought: Bought
    labels: int
    """People's labels that the newest round has judged, too."""
    before: float | None
    after: float | None


def read_second_look(session: Session, project: Project) -> SecondLook | None:
    """Return None where no second opinions are asked for: only labelers of the recipe `squint` are calibrated."""
    if project.recipe != Recipe.SQUINT:
        return None
    bought = read_bought(session, project)
    words = queries.read_words(session, project.id)
    guesses = queries.read_guesses(session, project, [image_id for image_id, _class in words])
    rows = {image_id: row for row, image_id in enumerate(guesses)}
    labels = queries.read_labels_of_people(session, project.id)
    judged = [image_id for image_id in labels if image_id in rows]
    if not judged:
        return SecondLook(bought, 0, None, None)
    index = {c.id: i for i, c in enumerate(project.classes)}
    # How often people err is learnt from all their answers: where two differ there is no label yet.
    said = np.array([(rows[i], index[c]) for i, c in words if i in rows], np.int64)
    belief = believed(np.stack(list(guesses.values())), *said.reshape(-1, 2).T)[[rows[i] for i in judged]]
    now = np.array([index[labels[i]] for i in judged])
    once = np.array([index[bought.before.get(i, labels[i])] for i in judged])
    return SecondLook(bought, len(judged), wrong_share(belief, once), wrong_share(belief, now))
