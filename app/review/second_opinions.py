"""Answers that confident labelers contradict, put up for a blind second look within what the project allows.

A contradicted answer is no label while another person is asked; where they differ, an adjudicator decides.
Somebody who is alone is asked again later, and the newer word stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.labeling.queries import find_standing, front_rank, is_opinion, loop_counts
from app.labeling.settle import settle
from app.labeling.waiting import wait_for
from app.models import (
    Annotation,
    AnnotationSource,
    Image,
    ImageState,
    Pile,
    Project,
    QueueEntry,
    Round,
    SecondOpinion,
)
from app.projects.queries import list_members

CONFIDENT = 0.9
"""Labelers contradict confidently from this probability of another class on."""
LATER = 50
"""So many images come before somebody's own answer is asked again."""
DECIDED = (ImageState.SETTLED, ImageState.SET_ASIDE)
ASKED_FOR = (AnnotationSource.SEED, AnnotationSource.REVIEW, AnnotationSource.ISSUE)


@dataclass(frozen=True)
class Judged:
    """What the labelers say together of images, none of them knowing that image's answer."""

    image_ids: Sequence[int]
    class_ids: Sequence[int]
    """Of the columns."""
    probability: NDArray[np.float32]
    """`[N, K]`, calibrated."""


def ask_second_opinions(session: Session, project: Project, after: Round, judged: Judged) -> int:
    """Put the most contradicted answers up, as many as are left of the project's share; return how many."""
    left, members = _budget(session, project), list_members(session, project.id)
    doubted = sorted(_contradicted(session, project.id, judged), key=lambda pair: pair[1])[: max(left, 0)]
    for image_id, probability in doubted:
        answer = find_standing(session, image_id)
        if answer is None:
            continue
        session.add(
            SecondOpinion(
                image_id=image_id, project_id=project.id, round_id=after.id, annotation_id=answer.id,
                probability=probability,
            )
        )  # fmt: skip
        others = any(user.id != answer.author_id and user.disabled_at is None for user in members)
        (_ask_another if others else _ask_again)(session, session.get_one(Image, image_id))
    session.flush()
    _keep_in_front(session, project.id)
    return len(doubted)


def _keep_in_front(session: Session, project_id: int) -> None:
    """Those that still wait for another person: a new round, sure of them as it is, ranks them last."""
    doubted = select(SecondOpinion.image_id).where(SecondOpinion.project_id == project_id)
    waiting = session.scalars(
        select(QueueEntry)
        .where(QueueEntry.image_id.in_(doubted), QueueEntry.others_only, QueueEntry.pile == Pile.REVIEW)
        .order_by(QueueEntry.image_id)
    ).all()
    first = front_rank(session, project_id) - len(waiting)
    for place, entry in enumerate(waiting):
        entry.rank = first + place
    session.flush()


def _budget(session: Session, project: Project) -> int:
    asked = select(func.count()).select_from(SecondOpinion).where(SecondOpinion.project_id == project.id)
    answers = loop_counts(session, project.id).answers
    return int(project.second_share * answers) - (session.scalar(asked) or 0)


def _contradicted(session: Session, project_id: int, judged: Judged) -> list[tuple[int, float]]:
    """Return images that one person settled, with the labelers' probability of that answer."""
    rows = {image_id: row for row, image_id in enumerate(judged.image_ids)}
    columns = {class_id: column for column, class_id in enumerate(judged.class_ids)}
    settled = session.execute(
        select(Image.id, Image.class_id).where(
            Image.project_id == project_id,
            Image.state == ImageState.SETTLED,
            Image.wanted == 1,
            Image.label_source.in_(ASKED_FOR),
            ~exists().where(SecondOpinion.image_id == Image.id),
            ~exists().where(QueueEntry.image_id == Image.id),
        )
    )
    found = []
    for image_id, class_id in settled:
        if image_id in rows and class_id in columns:
            probabilities = judged.probability[rows[image_id]]
            said = columns[class_id]
            if probabilities.argmax() != said and probabilities.max() >= CONFIDENT:
                found.append((image_id, float(probabilities[said])))
    return found


def _ask_another(session: Session, image: Image) -> None:
    image.wanted = 2
    session.flush()
    wait_for(session, image.project_id, settle(session, [image.id]))


def _ask_again(session: Session, image: Image) -> None:
    """Where nobody else is, the same person is asked later; the label stands until then."""
    session.add(
        QueueEntry(
            image_id=image.id, project_id=image.project_id, pile=Pile.REVIEW,
            rank=_later_rank(session, image.project_id),
        )
    )  # fmt: skip
    session.flush()


def _later_rank(session: Session, project_id: int) -> float:
    """Return the rank of an image that comes a while later, or at the end of the pile."""
    ranks = session.scalars(
        select(QueueEntry.rank)
        .where(QueueEntry.project_id == project_id, QueueEntry.pile == Pile.REVIEW)
        .order_by(QueueEntry.rank)
        .limit(LATER)
    ).all()
    return ranks[-1] if ranks else front_rank(session, project_id)


@dataclass(frozen=True)
class Bought:
    """What second opinions came to."""

    asked: int
    answered: int
    disputed: int
    """Of the answered: an adjudicator is still to decide."""
    before: dict[int, int]
    """Image → its class before, of those of which another label stands now, or none since nobody can tell."""
    allowed: int
    """How many the project's share allows so far."""

    @property
    def changed(self) -> int:
        return len(self.before)


def read_bought(session: Session, project: Project) -> Bought:
    columns = (Image.id, Image.state, Image.class_id, Annotation.id.label("answer_id"))
    rows = session.execute(
        select(*columns, Annotation.class_id.label("doubted"))
        .join(SecondOpinion, SecondOpinion.image_id == Image.id)
        .join(Annotation, Annotation.id == SecondOpinion.annotation_id)
        .where(SecondOpinion.project_id == project.id)
    ).all()
    newest = dict(
        session.execute(
            select(Image.id, func.max(Annotation.id))
            .join(SecondOpinion, SecondOpinion.image_id == Image.id)
            .join(Annotation, is_opinion())
            .where(SecondOpinion.project_id == project.id)
            .group_by(Image.id)
        ).all()
    )
    answered = [row for row in rows if newest.get(row.id, 0) > row.answer_id]
    changed = [row for row in answered if row.state in DECIDED and row.class_id != row.doubted]
    return Bought(
        asked=len(rows),
        answered=len(answered),
        disputed=sum(row.state == ImageState.DISPUTED for row in answered),
        before={row.id: row.doubted for row in changed if row.doubted},
        allowed=_budget(session, project) + len(rows),
    )
