"""Whom images wait for after people's words about them changed: another person, an adjudicator, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.labeling import queries
from app.labeling.current import ADJUDICATOR, ANOTHER, Current
from app.models import Annotation, ImageState, Pile, QueueEntry
from app.parts import in_parts


@dataclass(frozen=True)
class Place:
    """Where an image waits: in which pile, and at which rank."""

    pile: str
    rank: float


NOWHERE: Mapping[int, Place] = MappingProxyType({})
DECIDED = {ImageState.SETTLED, ImageState.SET_ASIDE}


def wait_for(
    session: Session, project_id: int, found: Mapping[int, Current], places: Mapping[int, Place] = NOWHERE
) -> None:
    """Put images where those find them whom they need now, at the places they had, else in front.

    One whose label stands waits no more, unless somebody has doubted it.
    """
    unplaced = any(now.state not in DECIDED for image_id, now in found.items() if image_id not in places)
    front = queries.front_rank(session, project_id) if unplaced else 0.0  # looks through all that wait
    for part in in_parts(list(found)):
        known = session.scalars(select(QueueEntry).where(QueueEntry.image_id.in_(part)))
        entries = {entry.image_id: entry for entry in known}
        for image_id in part:
            now, entry, place = found[image_id], entries.get(image_id), places.get(image_id)
            if now.state in DECIDED:
                if entry is not None and (entry.others_only or entry.pile == Pile.DISPUTED):
                    session.delete(entry)
                continue
            if entry is None:
                entry = QueueEntry(image_id=image_id, project_id=project_id, rank=place.rank if place else front)
                session.add(entry)
                front -= 1.0
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
