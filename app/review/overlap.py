"""Which images several people answer: all of a project's, or a random share of them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, exists, literal, select, update
from sqlalchemy.orm import Session

from app.labeling.queries import is_opinion
from app.labeling.settle import settle
from app.labeling.waiting import wait_for
from app.models import Annotation, Image, ImageState, Project, SecondOpinion

OPEN = (ImageState.NEW, ImageState.UNCLEAR, ImageState.ACCEPTED)


def apply_overlap(session: Session, project: Project) -> None:
    """Say of every image without people's label how many are to answer it; whose label stands keeps it."""
    asked_again = exists().where(SecondOpinion.image_id == Image.id)
    wanted, here = _wanted(project), (Image.project_id == project.id, Image.state.in_(OPEN), ~asked_again)
    session.flush()
    session.execute(
        update(Image)
        .where(*here, Image.wanted != wanted)
        .values(wanted=wanted)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    begun = select(Image.id).where(*here, exists(Annotation.id).where(is_opinion()))
    wait_for(session, project.id, settle(session, session.scalars(begun).all()))


def _wanted(project: Project) -> ColumnElement[int]:
    """The share is drawn by the images' own hashes: by lot, and the same images however often it is asked."""
    if project.overlap_share >= 1:
        return literal(project.overlap)
    drawn = Image.sha256 < f"{int(project.overlap_share * 16**8):08x}"
    return case((drawn, project.overlap), else_=1)
