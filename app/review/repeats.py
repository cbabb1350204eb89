"""One's own earlier answers, served again unmarked: how often people agree with themselves."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.labeling.queries import is_opinion
from app.labeling.waiting import ask_once_more
from app.models import Annotation, AnnotationSource, Image, ImageState, Pile, Project, QueueEntry
from app.review.leases import Holder, claim

APART = 50
"""So many answers lie between, that nobody remembers the first."""
ASKED_FOR = (AnnotationSource.SEED, AnnotationSource.REVIEW, AnnotationSource.AUDIT, AnnotationSource.ISSUE)


def mix_in(session: Session, project_id: int, pile: Pile, holder: Holder, served: Sequence[int]) -> list[int]:
    """Return the images about to be `served` with a share of the person's own earlier ones among them."""
    mixed = list(served)
    if not mixed or pile not in {Pile.SEED, Pile.REVIEW}:
        return mixed
    share = session.scalars(select(Project.repeat_share).where(Project.id == project_id)).one()
    count = sum(random.random() < share for _ in served)
    if not count:
        return mixed
    asked = _candidates(session, project_id, holder.user_id, count)
    for answer in asked:
        ask_once_more(session, answer, pile)
    again = claim(session, project_id=project_id, pile=pile, holder=holder, count=len(asked), have=served)
    for image_id in again:
        mixed.insert(random.randint(0, len(mixed)), image_id)
    return mixed


def _candidates(session: Session, project_id: int, user_id: int, count: int) -> Sequence[Annotation]:
    """Draw labels of this person that stand, of long ago, none of them twice."""
    mine = (Annotation.project_id == project_id, Annotation.author_id == user_id)
    long_ago = select(Annotation.id).where(*mine).order_by(Annotation.id.desc()).offset(APART).limit(1)
    repeated = select(Annotation.image_id).where(*mine, Annotation.source == AnnotationSource.REPEAT)
    return session.scalars(
        select(Annotation)
        .join(Image, Image.id == Annotation.image_id)
        .where(
            *mine,
            Annotation.id <= long_ago.scalar_subquery(),
            Annotation.source.in_(ASKED_FOR),
            is_opinion(),
            Image.state == ImageState.SETTLED,
            Image.id.not_in(repeated),
            ~exists().where(QueueEntry.image_id == Image.id),
        )
        .order_by(func.random())
        .limit(count)
    ).all()
