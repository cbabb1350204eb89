"""Reads of audits: what became of a sample, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.images.queries import image_url, names_of
from app.labeling.queries import find_newest_round_id, not_taken_back
from app.languages import gettext as _
from app.models import (
    Annotation,
    AnnotationSource,
    Audit,
    AuditItem,
    Image,
    ImageState,
    LabelClass,
    Round,
    User,
)
from app.review.statement import CANT_TELL, RIGHT, WRONG, Statement, state

SHOWN_WRONG = 60


@dataclass(frozen=True)
class AuditRow:
    """An audit with what it says."""

    audit: Audit
    round_number: int
    is_current: bool
    """Whether it speaks of what the newest round accepted."""
    statement: Statement
    same_pile: int
    """How many audits that speak there were of the same round, this one included."""


@dataclass(frozen=True)
class Tile:
    """A label that was not confirmed."""

    name: str
    url: str
    was: LabelClass
    says: LabelClass | None
    """None: nobody can tell."""


@dataclass(frozen=True)
class Auditor:
    """Who checked, and how many of the seed's answers the same person gave."""

    email: str
    checked: int
    seeds: int


def find_newest(session: Session, project_id: int) -> Audit | None:
    return session.scalar(
        select(Audit).where(Audit.project_id == project_id).order_by(Audit.number.desc()).limit(1)
    )


def get_audit(session: Session, project_id: int, number: int | None) -> Audit:
    """Return the numbered audit, or the newest; raise NotFoundError when there is none."""
    query = select(Audit).where(Audit.project_id == project_id).order_by(Audit.number.desc()).limit(1)
    found = session.scalar(query if number is None else query.where(Audit.number == number))
    if found is None:
        raise NotFoundError(_("There is no such audit."))
    return found


def find_expected(session: Session, project_id: int) -> float | None:
    """Return the share of wrong labels that the newest round expects in what it accepted, if it says."""
    report = session.scalar(
        select(Round.report).where(Round.project_id == project_id).order_by(Round.number.desc()).limit(1)
    )
    found = (report or {}).get("accepted_wrong")
    return float(found["estimate"]) if found else None


def outcomes(session: Session, audit: Audit) -> list[tuple[AuditItem, str | None]]:
    """Return the sample in the order of drawing with what became of each label; None: nobody has answered.

    While the audit is open this is read from the images: a person's newest word counts, wherever it was given.
    """
    rows = session.execute(
        select(AuditItem, Image.state, Image.class_id)
        .join(Image, Image.id == AuditItem.image_id)
        .where(AuditItem.audit_id == audit.id)
        .order_by(AuditItem.position)
    ).all()
    if audit.ended_at is not None:
        return [(item, item.outcome) for item, _state, _class_id in rows]
    return [(item, _outcome(item, state, class_id)) for item, state, class_id in rows]


def _outcome(item: AuditItem, state: str, class_id: int | None) -> str | None:
    if state == ImageState.SET_ASIDE:
        return CANT_TELL
    if state != ImageState.SETTLED:
        return None
    return RIGHT if class_id == item.class_id else WRONG


def statement_of(session: Session, audit: Audit) -> Statement:
    return state(audit.plan, audit.pile_size, [outcome for _item, outcome in outcomes(session, audit)])


def list_audits(session: Session, project_id: int) -> list[AuditRow]:
    """Return the project's audits with what each says, newest first."""
    newest = find_newest_round_id(session, project_id)
    found = session.execute(
        select(Audit, Round.number)
        .join(Round, Round.id == Audit.round_id)
        .where(Audit.project_id == project_id)
        .order_by(Audit.number)
    ).all()
    spoken: dict[int, int] = {}
    rows = []
    for audit, round_number in found:
        said = statement_of(session, audit)
        spoken[audit.round_id] = spoken.get(audit.round_id, 0) + said.speaks
        rows.append(AuditRow(audit, round_number, audit.round_id == newest, said, spoken[audit.round_id]))
    return rows[::-1]


def to_json(row: AuditRow) -> dict[str, Any]:
    """Return what the command line tells of an audit."""
    return {
        "audit": row.audit.number,
        "round": row.round_number,
        "current": row.is_current,
        "ended": row.audit.ended_at is not None,
        "speaks": row.statement.speaks,
        "seed": row.audit.seed,
        "pile_sha256": row.audit.pile_sha256,
        **row.statement.to_json(),
    }


def has_current(session: Session, project_id: int) -> bool:
    """Whether the newest audit is one of what the newest round accepted."""
    newest = find_newest(session, project_id)
    return newest is not None and newest.round_id == find_newest_round_id(session, project_id)


def find_current(session: Session, project_id: int) -> AuditRow | None:
    """Return the newest audit, if it is one of what the newest round accepted."""
    return list_audits(session, project_id)[0] if has_current(session, project_id) else None


def count_left(session: Session, project_id: int) -> int:
    """Return how many images of the audit under way wait for an answer."""
    newest = find_newest(session, project_id)
    if newest is None or newest.ended_at is not None:
        return 0
    said = statement_of(session, newest)
    return said.size - said.answered


def find_of_round(session: Session, audited: Round) -> AuditRow | None:
    """Return the round's newest audit that says something."""
    rows = list_audits(session, audited.project_id)
    return next((r for r in rows if r.audit.round_id == audited.id and r.statement.speaks), None)


def drawn_ids(session: Session, audit: Audit, image_ids: Sequence[int] | None = None) -> set[int]:
    """Return those of the images that are in the sample, or the whole sample."""
    rows = select(AuditItem.image_id).where(AuditItem.audit_id == audit.id)
    return set(session.scalars(rows if image_ids is None else rows.where(AuditItem.image_id.in_(image_ids))))


def list_unanswered(session: Session, audit: Audit) -> list[str]:
    """Return the names of the images that wait for the audit, in the order of drawing."""
    ids = [item.image_id for item, outcome in outcomes(session, audit) if outcome is None]
    names = names_of(session, ids)
    return [names[image_id] for image_id in ids]


def list_not_confirmed(session: Session, audit: Audit) -> list[Tile]:
    """Return the labels that the audit found wrong, or of which nobody could tell, in the order of drawing."""
    failed = [item for item, outcome in outcomes(session, audit) if outcome in {WRONG, CANT_TELL}][:SHOWN_WRONG]
    classes = {
        c.id: c for c in session.scalars(select(LabelClass).where(LabelClass.project_id == audit.project_id))
    }
    images = {
        image.id: image
        for image in session.scalars(select(Image).where(Image.id.in_([item.image_id for item in failed])))
    }
    return [
        Tile(
            image.name,
            image_url(audit.project_id, image.id, image.sha256),
            classes[item.class_id],
            classes.get(image.class_id or 0),
        )
        for item in failed
        if (image := images[item.image_id])
    ]


def list_auditors(session: Session, audit: Audit) -> list[Auditor]:
    """Return who has answered for the audit, most answers first."""
    drawn = select(AuditItem.image_id).where(AuditItem.audit_id == audit.id)
    rows = session.execute(
        select(User.id, User.email, func.count())
        .join(Annotation, Annotation.author_id == User.id)
        .where(
            Annotation.source == AnnotationSource.AUDIT,
            Annotation.image_id.in_(drawn),
            Annotation.created_at >= audit.created_at,
            not_taken_back(),
        )
        .group_by(User.id, User.email)
        .order_by(func.count().desc(), User.email)
    ).all()
    return [Auditor(email, count, _seeds(session, audit.project_id, user_id)) for user_id, email, count in rows]


def _seeds(session: Session, project_id: int, user_id: int) -> int:
    count = select(func.count()).where(
        Annotation.project_id == project_id,
        Annotation.author_id == user_id,
        Annotation.source == AnnotationSource.SEED,
        not_taken_back(),
    )
    return session.scalar(count) or 0
