"""Whom an image waits for after people's words about it changed: another person, an adjudicator, or nobody."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.labeling import queries
from app.labeling.current import ADJUDICATOR, ANOTHER, Current
from app.models import Annotation, Image, ImageState, Pile, QueueEntry


@dataclass(frozen=True)
class Place:
    """Where an image waits: in which pile, and at which rank."""

    pile: str
    rank: float


def wait_for(session: Session, image: Image, now: Current, place: Place | None = None) -> None:
    """Put the image where those find it whom it needs `now`, at the `place` it had, else in front.

    One whose label stands waits no more, unless somebody has doubted it.
    """
    entry = session.get(QueueEntry, image.id)
    if now.state in {ImageState.SETTLED, ImageState.SET_ASIDE}:
        if entry is not None and (entry.others_only or entry.pile == Pile.DISPUTED):
            session.delete(entry)
        return
    if entry is None:
        rank = place.rank if place else queries.front_rank(session, image.project_id)
        entry = QueueEntry(image_id=image.id, project_id=image.project_id, rank=rank)
        session.add(entry)
    entry.pile = _pile(now, place)
    entry.others_only = now.asks == ANOTHER
    entry.for_id = None
    session.flush()


def _pile(now: Current, place: Place | None) -> str:
    """Who holds an image of the seed stays in the seed pile, even when a round has come meanwhile."""
    if now.asks == ADJUDICATOR:
        return Pile.DISPUTED
    if place is not None and place.pile != Pile.DISPUTED:
        return place.pile
    return Pile.SEED if now.state == ImageState.NEW else Pile.REVIEW


def ask_once_more(session: Session, answer: Annotation, pile: str) -> None:
    """Let a person's own earlier answer be asked for once more, soon, unless the image waits already."""
    if session.get(QueueEntry, answer.image_id) is None:
        session.add(
            QueueEntry(
                image_id=answer.image_id, project_id=answer.project_id, pile=pile, for_id=answer.author_id,
                rank=queries.front_rank(session, answer.project_id),
            )
        )  # fmt: skip
        session.flush()
