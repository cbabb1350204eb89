"""Sending many images back to people at once: after a class was added, or where answers are in doubt."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.orm import Session

from app.errors import BadInputError
from app.languages import gettext as _
from app.models import Annotation, AnnotationSource, Image, ImageState, Project, QueueEntry
from app.parts import in_parts
from app.review.service import send_all_to_review

CANT_TELL, FLAGGED, CLASS = "cant-tell", "flagged", "class-"


@dataclass(frozen=True)
class Choice:
    """Which images may be sent back, in a word for the form and in words for people."""

    value: str
    text: str
    images: int


def list_choices(session: Session, project: Project) -> list[Choice]:
    """Return what there is to send back now; images that wait for people already are none of it."""
    named = [(CANT_TELL, _("answered can’t tell")), (FLAGGED, _("flagged"))]
    named += [(f"{CLASS}{c.id}", _("labelled %(name)s by people") % {"name": c.name}) for c in project.classes]
    choices = [Choice(value, text, _count(session, project, value)) for value, text in named]
    return [choice for choice in choices if choice.images]


def send_back(session: Session, project: Project, what: str) -> int:
    """Let these images wait for people, in front of the review pile; return how many.

    A label stands until the next answer. Who could not tell is asked afresh: what was said before counts no more.
    """
    ids = session.scalars(select(Image.id).where(_which(project, what)).order_by(Image.id)).all()
    for part in reversed(list(in_parts(ids))):
        newest = select(func.max(Annotation.id)).where(Annotation.image_id == Image.id)
        session.execute(
            update(Image)
            .where(Image.id.in_(part), Image.state == ImageState.SET_ASIDE)
            .values(since_id=newest.scalar_subquery())
            .execution_options(synchronize_session=False)
        )
        send_all_to_review(session, project.id, part)
    return len(ids)


def _count(session: Session, project: Project, what: str) -> int:
    return session.scalar(select(func.count()).select_from(Image).where(_which(project, what))) or 0


def _which(project: Project, what: str) -> ColumnElement[bool]:
    idle = and_(Image.project_id == project.id, ~exists().where(QueueEntry.image_id == Image.id))
    if what == CANT_TELL:
        return and_(idle, Image.state == ImageState.SET_ASIDE)
    if what == FLAGGED:
        return and_(idle, Image.flagged)
    chosen = next((c for c in project.classes if what == f"{CLASS}{c.id}"), None)
    if chosen is None:
        raise BadInputError(_("what: there is no such choice."))
    by_people = Image.label_source != AnnotationSource.IMPORT
    return and_(idle, Image.state == ImageState.SETTLED, Image.class_id == chosen.id, by_people)
