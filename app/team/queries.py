"""What people said, as arrays: for the team page and for the command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.images.queries import image_url
from app.labeling.queries import is_opinion, not_taken_back
from app.models import Annotation, AnnotationSource, Image, ImageState, Project, User
from app.projects.queries import list_members
from app.team.agreement import NONE, Answers

SHOWN = 24
MOST_LOOKED_AT = 5_000
NOT_ASKED = (AnnotationSource.IMPORT, AnnotationSource.ADJUDICATION, AnnotationSource.REPEAT)
"""Answers that were not given blind, or are no first word."""
DECIDED = (ImageState.SETTLED, ImageState.DISPUTED, ImageState.SET_ASIDE)


@dataclass(frozen=True)
class Said:
    """What all people said of a project's images, each one's newest word."""

    people: list[User]
    image_ids: list[int]
    groups: list[str]
    answers: Answers
    """`[images, people]`: class index, or -1 for none."""
    cant_tell: list[int]
    """Of each person, how often."""


@dataclass(frozen=True)
class Work:
    """How much a person answered; when, and how long each image was looked at, as far as it was on a screen."""

    answers: int = 0
    times: list[datetime] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Repeats:
    """How often a person was asked the same once more, and said the same."""

    asked: int = 0
    same: int = 0


@dataclass(frozen=True)
class Difference:
    """An image of which people said different things."""

    name: str
    url: str
    said: list[tuple[str, int]]
    """E-mail and class id, of all who named a class."""
    state: str
    class_id: int | None


def read_said(session: Session, project: Project) -> Said:
    """Read every answer that was given without knowing another; labels from files elsewhere count for nobody."""
    index = {c.id: i for i, c in enumerate(project.classes)}
    rows = session.execute(
        select(Annotation.image_id, Image.group_key, Annotation.author_id, Annotation.class_id)
        .join(Image, Image.id == Annotation.image_id)
        .where(Annotation.project_id == project.id, Annotation.source.not_in(NOT_ASKED), is_opinion())
        .order_by(Annotation.id)
    ).all()
    people = _people(session, project, {row.author_id for row in rows})
    columns = {user.id: i for i, user in enumerate(people)}
    groups = {row.image_id: row.group_key for row in rows}
    numbers = {image_id: i for i, image_id in enumerate(groups)}
    answers = np.full((len(groups), len(people)), NONE, np.int64)
    unsure = np.zeros(answers.shape, bool)
    for image_id, _group, author_id, class_id in rows:
        place = numbers[image_id], columns[author_id]
        answers[place] = NONE if class_id is None else index[class_id]
        unsure[place] = class_id is None
    return Said(people, list(groups), list(groups.values()), answers, unsure.sum(0).tolist())


def read_guesses(session: Session, project: Project, image_ids: Sequence[int]) -> dict[int, NDArray[np.float64]]:
    """Return image → the newest round's probability of each class, made without the image's own answer.

    The likeliest class's is known; the others share the rest.
    """
    index = {c.id: i for i, c in enumerate(project.classes)}
    rows = session.execute(
        select(Image.id, Image.predicted_class_id, Image.confidence).where(
            Image.project_id == project.id, Image.predicted_class_id.is_not(None)
        )
    )
    wanted, found = set(image_ids), {}
    for image_id, class_id, confidence in rows:
        if image_id in wanted and class_id is not None:
            sure = min(max(confidence or 0.0, 1 / len(index)), 1 - 1e-6)
            guess = np.full(len(index), (1 - sure) / (len(index) - 1))
            guess[index[class_id]] = sure
            found[image_id] = guess
    return found


def read_labels_of_people(session: Session, project_id: int) -> dict[int, int]:
    """Return image → class of all that people settled here."""
    rows = session.execute(
        select(Image.id, Image.class_id).where(
            Image.project_id == project_id,
            Image.state == ImageState.SETTLED,
            Image.label_source != AnnotationSource.IMPORT,
        )
    )
    return {row.id: row.class_id for row in rows if row.class_id is not None}


def read_words(session: Session, project_id: int) -> list[tuple[int, int]]:
    """Return image and class of every answer that stands, an adjudicator's too."""
    rows = session.execute(
        select(Image.id, Annotation.class_id)
        .join(Annotation, is_opinion())
        .where(
            Annotation.project_id == project_id,
            Annotation.class_id.is_not(None),
            Annotation.source != AnnotationSource.IMPORT,
        )
    )
    return [(row.id, row.class_id) for row in rows if row.class_id is not None]


def _people(session: Session, project: Project, authors: set[int]) -> list[User]:
    """Members, and whoever answered before they left."""
    members = list_members(session, project.id)
    missing = authors - {user.id for user in members}
    return members + list(session.scalars(select(User).where(User.id.in_(missing)).order_by(User.email)))


def read_work(session: Session, project_id: int) -> dict[int, Work]:
    """Return person → work, in order of time: what was taken back was work, what a file says took no time."""
    said: dict[int, list[tuple[datetime, float]]] = defaultdict(list)
    rows = session.execute(
        select(Annotation.author_id, Annotation.created_at, Annotation.seconds)
        .where(
            Annotation.project_id == project_id,
            Annotation.undoes_id.is_(None),
            Annotation.source != AnnotationSource.IMPORT,
        )
        .order_by(Annotation.id)
    )
    for author_id, created_at, seconds in rows:
        said[author_id].append((created_at, seconds))
    return {
        author_id: Work(len(every), [at for at, took in every if took], [took for _, took in every if took])
        for author_id, every in said.items()
    }


def read_repeats(session: Session, project_id: int) -> dict[int, Repeats]:
    """Return person → how the answers to repeated images compare with that person's own word on them."""
    again = _newest(session, project_id, [AnnotationSource.REPEAT])
    first = _newest(session, project_id, [s for s in AnnotationSource if s != AnnotationSource.REPEAT])
    found: dict[int, Repeats] = {}
    for (image_id, author_id), class_id in again.items():
        before = found.get(author_id, Repeats())
        same = first.get((image_id, author_id)) == class_id
        found[author_id] = Repeats(before.asked + 1, before.same + same)
    return found


def _newest(
    session: Session, project_id: int, sources: Sequence[AnnotationSource]
) -> dict[tuple[int, int], int | None]:
    rows = session.execute(
        select(Annotation.image_id, Annotation.author_id, Annotation.class_id)
        .where(Annotation.project_id == project_id, Annotation.source.in_(sources), not_taken_back())
        .order_by(Annotation.id)
    )
    return {(row.image_id, row.author_id): row.class_id for row in rows}


def list_differences(session: Session, project: Project, said: Said) -> list[Difference]:
    """Return the newest images on which people differ; none that somebody is still to answer blind."""
    named = np.where(said.answers == NONE, len(project.classes), said.answers)
    differ = named.min(1, initial=len(project.classes)) < said.answers.max(1, initial=NONE)
    rows = {said.image_ids[row]: row for row in np.flatnonzero(differ)}
    images = session.scalars(
        select(Image)
        .where(Image.id.in_(sorted(rows)[-MOST_LOOKED_AT:]), Image.state.in_(DECIDED))
        .order_by(Image.id.desc())
        .limit(SHOWN)
    ).all()
    return [_difference(project, said, image, said.answers[rows[image.id]].tolist()) for image in images]


def _difference(project: Project, said: Said, image: Image, answers: list[int]) -> Difference:
    return Difference(
        image.name,
        image_url(project.id, image.id, image.sha256),
        [
            (user.email, project.classes[answer].id)
            for user, answer in zip(said.people, answers, strict=True)
            if answer != NONE
        ],
        image.state,
        image.class_id,
    )
