"""What the overview shows, read in one go."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from app.jobs.queue import find_active
from app.labelers.advice import Advice
from app.labelers.effort import read_advice
from app.labelers.service import why_not
from app.labeling.queries import LoopCounts, loop_counts
from app.models import (
    Annotation,
    Bakeoff,
    Image,
    ImageState,
    ImportBatch,
    Pile,
    Project,
    Round,
)
from app.projects.next_step import NextStep, Standing, next_step
from app.review.audit_queries import AuditRow, count_left, has_current, list_audits
from app.review.queries import waits_for_others


@dataclass(frozen=True)
class Cross:
    """How often the first labeler said one class (row) and the second another (column)."""

    first: str
    second: str
    classes: list[str]
    counts: list[list[int]]


@dataclass(frozen=True)
class Overview:
    standing: Standing
    step: NextStep
    round: Round | None
    cross: Cross | None
    bakeoff: Bakeoff | None
    refused_files: int
    """Files of all imports that could not be taken."""
    advice: Advice | None
    """Whether to go on answering; None before the first round."""
    audit: AuditRow | None
    """The newest, of whatever round."""

    @property
    def version(self) -> str:
        """Changes when anything shown does, so that an unchanged page is not sent again."""
        shown = (
            self.standing,
            self.step,
            self.round and self.round.id,
            self.bakeoff and self.bakeoff.id,
            self.refused_files,
            self.advice,
            self.audit and (self.audit.statement, self.audit.is_current),
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def read_overview(session: Session, project: Project, *, engineer: bool, user_id: int | None = None) -> Overview:
    """As one person sees it; without one, as it stands for all."""
    counts = loop_counts(session, project.id)
    standing = _read_standing(session, project, counts, user_id)
    advice = read_advice(session, project, counts) if standing.rounds else None
    refused = select(func.sum(ImportBatch.set_aside)).where(ImportBatch.project_id == project.id)
    newest_round = _newest(session, Round, project.id)
    return Overview(
        standing=standing,
        step=next_step(standing, engineer=engineer, advice=advice.title if advice else ""),
        round=newest_round,
        cross=read_cross(newest_round, project) if newest_round else None,
        bakeoff=_newest(session, Bakeoff, project.id),
        refused_files=session.scalar(refused) or 0,
        advice=advice,
        audit=next(iter(list_audits(session, project.id)), None),
    )


def read_cross(newest: Round, project: Project) -> Cross | None:
    """Return the cross table of a round of two labelers, where its report has one."""
    counts = newest.report.get("cross_table")
    classes = newest.report.get("classes") or [c.name for c in project.active_classes]
    if len(newest.labelers) != 2 or not counts or len(counts) != len(classes):
        return None
    first, second = newest.labelers
    return Cross(first.title, second.title, classes, counts)


def _read_standing(session: Session, project: Project, counts: LoopCounts, user_id: int | None) -> Standing:
    rounds = _count(session, Round, project.id)
    pile = Pile.REVIEW if rounds else Pile.SEED
    return Standing(
        **asdict(counts),
        seed_size=project.seed_size,
        rounds=rounds,
        audit_left=count_left(session, project.id),
        audited=has_current(session, project.id),
        bakeoffs=_count(session, Bakeoff, project.id),
        for_others=user_id is not None and waits_for_others(session, project.id, pile, user_id),
        missing=why_not(session, project),
        labelers_run=find_active(session, "label", project.id) is not None,
        bakeoff_runs=find_active(session, "bakeoff", project.id) is not None,
    )


def _count(session: Session, table: type[Round | Bakeoff], project_id: int) -> int:
    return session.scalar(select(func.count()).select_from(table).where(table.project_id == project_id)) or 0


def _newest(session: Session, table: type[Any], project_id: int) -> Any:
    return session.scalar(
        select(table).where(table.project_id == project_id).order_by(table.number.desc()).limit(1)
    )


@dataclass(frozen=True)
class Card:
    """A project in the list."""

    project: Project
    images: int
    labelled: int
    unclear: int
    newest_answer_at: datetime | None


def list_cards(session: Session, projects: list[Project]) -> list[Card]:
    ids = [project.id for project in projects]
    labelled = Image.state.in_([ImageState.ACCEPTED, ImageState.SETTLED])
    unclear = Image.state == ImageState.UNCLEAR
    rows = session.execute(
        select(
            Image.project_id,
            func.count(),
            func.sum(cast(labelled, Integer)),
            func.sum(cast(unclear, Integer)),
        )
        .where(Image.project_id.in_(ids))
        .group_by(Image.project_id)
    )
    counts = {row[0]: row[1:] for row in rows}
    newest = dict(
        session.execute(
            select(Annotation.project_id, func.max(Annotation.created_at))
            .where(Annotation.project_id.in_(ids))
            .group_by(Annotation.project_id)
        ).all()
    )
    return [Card(p, *counts.get(p.id, (0, 0, 0)), newest.get(p.id)) for p in projects]
