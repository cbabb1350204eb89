"""Reads of the labelers page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from app.errors import NotFoundError
from app.images.queries import image_url
from app.models import (
    Annotation,
    AnnotationKind,
    AnnotationSource,
    Image,
    ImportBatch,
    Job,
    LabelClass,
    Prediction,
    Project,
    Recipe,
    Round,
)
from ml.zoo import FOUNDING_PAIR, title_of

TILES = 60


@dataclass(frozen=True)
class Tile:
    """An image with what the two labelers say of it."""

    id: int
    name: str
    url: str
    state: str
    classes: tuple[int, int]
    confidences: tuple[float, float]


@dataclass(frozen=True)
class TilePage:
    """Images that the first labeler put into one class and the second into another, or the same."""

    first: LabelClass
    second: LabelClass
    surest_first: bool
    number: int
    total: int
    tiles: list[Tile]

    @property
    def pages(self) -> int:
        return max(-(-self.total // TILES), 1)


def list_rounds(session: Session, project_id: int) -> list[Round]:
    """Return the project's rounds, newest first."""
    return list(
        session.scalars(select(Round).where(Round.project_id == project_id).order_by(Round.number.desc()))
    )


def get_round(session: Session, project: Project, number: int | None) -> Round | None:
    """Return the numbered round, or the newest, which may not exist yet."""
    query = select(Round).where(Round.project_id == project.id).order_by(Round.number.desc()).limit(1)
    if number is None:
        return session.scalar(query)
    found = session.scalar(query.where(Round.number == number))
    if found is None:
        raise NotFoundError("There is no such round.")
    return found


def list_absent(shown: Round) -> list[str]:
    """Return the titles of the named pair whose weights were not at hand in this round."""
    there = {labeler.name for labeler in shown.labelers}
    return [title_of(name) for name in FOUNDING_PAIR if name not in there]


def find_last_beginning(session: Session, project_id: int) -> datetime | None:
    """Return when the newest published round froze the answers it learnt from.

    Its job may have begun again since, on the same answers: the start is asked where nothing else is known.
    """
    newest = session.execute(
        select(Round.report, func.coalesce(Job.started_at, Job.created_at).label("began_at"))
        .join(Job, Job.id == Round.job_id)
        .where(Round.project_id == project_id)
        .order_by(Round.number.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return None
    frozen_at = newest.report.get("frozen_at")
    return datetime.fromisoformat(frozen_at) if frozen_at else newest.began_at


def count_answers_since(session: Session, project_id: int, since: datetime | None, most: int) -> int:
    """Return how many answers came, at most `most`.

    An audit's do not count: the pile that it speaks of must not change because it is being checked.
    """
    some = select(Annotation.id).where(
        Annotation.project_id == project_id,
        Annotation.kind == AnnotationKind.LABEL,
        Annotation.source.not_in([AnnotationSource.AUDIT, AnnotationSource.REPEAT]),
    )
    if since is not None:
        some = some.where(Annotation.created_at > since)
    return session.scalar(select(func.count()).select_from(some.limit(most).subquery())) or 0


def knows_the_pile(session: Session, project_id: int) -> bool:
    """Whether a pretraining was begun after the last import."""
    newest = select(func.max(ImportBatch.created_at)).where(ImportBatch.project_id == project_id)
    begun = select(func.max(Job.created_at)).where(Job.project_id == project_id, Job.kind == "pretrain")
    imported, learnt = session.scalar(newest), session.scalar(begun)
    return learnt is not None and (imported is None or learnt > imported)


def tile_page(
    session: Session, project: Project, shown: Round, cell: tuple[int, int], *, surest_first: bool, number: int
) -> TilePage:
    """Return one page of a cell of the cross table: ids of the first and the second labeler's class."""
    by_id = {c.id: c for c in project.classes}
    if not all(c in by_id for c in cell) or len(shown.labelers) < 2:
        raise NotFoundError("There is no such pair of classes.")
    first, second = aliased(Prediction), aliased(Prediction)
    in_cell = and_(first.class_id == cell[0], second.class_id == cell[1])
    if shown.recipe == Recipe.SQUINT:
        # It accepts by calibrated probability; that two of its labelers say the same is not enough.
        in_cell = and_(Image.proposed_class_id == cell[0], Image.label_source == "accepted")
    pairs = (
        select(Image, first.confidence, second.confidence)
        .join(first, first.image_id == Image.id)
        .join(second, second.image_id == Image.id)
        .where(
            first.labeler_id == shown.labelers[0].id,
            second.labeler_id == shown.labelers[1].id,
            in_cell,
        )
    )
    total = session.scalar(select(func.count()).select_from(pairs.subquery())) or 0
    sure = first.confidence + second.confidence
    rows = session.execute(
        pairs.order_by(sure.desc() if surest_first else sure, Image.id).limit(TILES).offset((number - 1) * TILES)
    )
    tiles = [
        Tile(image.id, image.name, image_url(project.id, image.id, image.sha256), image.state, cell, (a, b))
        for image, a, b in rows
    ]
    return TilePage(by_id[cell[0]], by_id[cell[1]], surest_first, number, total, tiles)
