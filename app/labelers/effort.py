"""What labelling has cost, what it bought, and what more answers are expected to buy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.labelers.advice import Advice, Audited, Known, advise
from app.labelers.service import why_not
from app.labeling.queries import LoopCounts, loop_counts
from app.models import Annotation, AnnotationKind, AnnotationSource, Project, Round
from app.review.audit_queries import find_current
from ml.forecast import Forecast, Point, fit

LOOKED_BACK = 20_000
"""Answers whose proposals are compared: the newest ones."""
AHEAD = (50, 100, 150, 200, 300, 400)
"""So many answers on the forecast is drawn."""


@dataclass(frozen=True)
class RoundPoint:
    """A round as the page and the chart show it."""

    number: int
    answers: int
    """What people had said when it froze them."""
    accepted: int
    unclear: int
    accepted_wrong: Point | None
    all_wrong: Point | None
    class_ids: frozenset[int] | None = None
    """The classes it knew; None: it is from before that was noted."""


@dataclass(frozen=True)
class Spent:
    """Answers of one kind."""

    source: str
    answers: int
    seconds: float


@dataclass(frozen=True)
class Corrections:
    """How often people said something else than most labelers had, where these had spoken."""

    asked: int
    changed: int

    @property
    def share(self) -> float:
        return self.changed / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class Effort:
    counts: LoopCounts
    spent: list[Spent]
    corrections: Corrections
    rounds: list[RoundPoint]
    """Oldest first."""
    law: Forecast | None
    known: Known
    advice: Advice


def read_effort(session: Session, project: Project) -> Effort:
    counts = loop_counts(session, project.id)
    rounds = list_points(session, project.id)
    known = _known(session, project, counts, rounds)
    return Effort(
        counts=counts,
        spent=_spent(session, project.id),
        corrections=count_corrections(session, project.id),
        rounds=rounds,
        law=fit(known.points),
        known=known,
        advice=advise(known),
    )


def read_advice(session: Session, project: Project, counts: LoopCounts) -> Advice:
    """Return what the overview says in a sentence."""
    return advise(_known(session, project, counts, list_points(session, project.id)))


def _known(session: Session, project: Project, counts: LoopCounts, rounds: Sequence[RoundPoint]) -> Known:
    return Known(
        points=[r.all_wrong for r in rounds if r.all_wrong],
        rounds=len(rounds),
        images=counts.images,
        unclear=counts.unclear,
        seconds_each=counts.seconds_each,
        target=project.target,
        accepted_wrong=rounds[-1].accepted_wrong if rounds else None,
        audited=_find_audited(session, project.id),
        unheard=_unheard(project, rounds),
        missing=why_not(session, project),
    )


def _unheard(project: Project, rounds: Sequence[RoundPoint]) -> list[str]:
    heard = rounds[-1].class_ids if rounds else None
    return [] if heard is None else [c.name for c in project.active_classes if c.id not in heard]


def _find_audited(session: Session, project_id: int) -> Audited | None:
    """Return what the newest audit of the newest round found, once it says something."""
    row = find_current(session, project_id)
    if row is None or not row.statement.speaks:
        return None
    return Audited(row.statement.checked, row.statement.not_confirmed, row.statement.bound)


def list_points(session: Session, project_id: int) -> list[RoundPoint]:
    """Return the rounds with what each estimated when it was published; nothing is estimated afterwards."""
    rows = session.execute(
        select(Round.number, Round.report).where(Round.project_id == project_id).order_by(Round.number)
    )
    return [_point(number, report) for number, report in rows if report]


def _point(number: int, report: dict[str, Any]) -> RoundPoint:
    splits, accepted = report.get("splits", {}), report.get("agreed", 0)
    answers = splits.get("train", 0) + splits.get("val", 0)
    return RoundPoint(
        number=number,
        answers=answers,
        accepted=accepted,
        unclear=max(report.get("disagreed", 0) - answers - report.get("by_twins", 0), 0),
        accepted_wrong=_share(answers, report.get("accepted_wrong")) if accepted else None,
        all_wrong=_share(answers, report.get("all_wrong")),
        class_ids=frozenset(report["class_ids"]) if "class_ids" in report else None,
    )


def _share(answers: int, found: dict[str, float] | None) -> Point | None:
    return Point(answers, found["estimate"], found["low"], found["high"]) if found else None


def _spent(session: Session, project_id: int) -> list[Spent]:
    rows = session.execute(
        select(Annotation.source, func.count(), func.coalesce(func.sum(Annotation.seconds), 0.0))
        .where(
            Annotation.project_id == project_id,
            Annotation.kind != AnnotationKind.UNDO,
            Annotation.source != AnnotationSource.IMPORT,
        )
        .group_by(Annotation.source)
        .order_by(func.count().desc())
    )
    return [Spent(source, count, float(seconds)) for source, count, seconds in rows]


def count_corrections(session: Session, project_id: int) -> Corrections:
    rows = session.execute(
        select(Annotation.class_id, Annotation.opinions)
        .where(
            Annotation.project_id == project_id,
            Annotation.kind == AnnotationKind.LABEL,
            Annotation.round_id.is_not(None),
            Annotation.source != AnnotationSource.IMPORT,
        )
        .order_by(Annotation.id.desc())
        .limit(LOOKED_BACK)
    )
    answered = [(class_id, proposed) for class_id, said in rows if (proposed := proposal(said)) is not None]
    return Corrections(len(answered), sum(class_id != proposed for class_id, proposed in answered))


def proposal(opinions: Sequence[dict[str, Any]]) -> int | None:
    """Return the class that most labelers named, or the surest where they part; None: they had not spoken."""
    if not opinions:
        return None
    votes = Counter(said["class_id"] for said in opinions)
    most = max(votes.values())
    named = [said for said in opinions if votes[said["class_id"]] == most]
    return int(max(named, key=lambda said: said["confidence"])["class_id"])


def chart(effort: Effort) -> dict[str, list[float | None]]:
    """Return the columns of the chart: what rounds estimated, then what the law expects, shares in percent."""
    past = [r for r in effort.rounds if r.all_wrong]
    future = _ahead(effort, past[-1].answers if past else 0)
    points = [r.all_wrong for r in past if r.all_wrong]
    nothing: list[float | None] = [None] * len(points)
    seam = [points[-1].estimate] if future and points else []
    lead: list[float | None] = [*nothing[: len(points) - len(seam)], *(round(100 * x, 3) for x in seam)]
    return {
        "answers": [float(p.answers) for p in [*points, *future]],
        "estimate": [*_percents(p.estimate for p in points), *[None] * len(future)],
        "low": [*_percents(p.low for p in points), *[None] * len(future)],
        "high": [*_percents(p.high for p in points), *[None] * len(future)],
        "expected": [*lead, *_percents(p.estimate for p in future)],
        "expected_low": [*nothing, *_percents(p.low for p in future)],
        "expected_high": [*nothing, *_percents(p.high for p in future)],
    }


def _ahead(effort: Effort, begin: int) -> list[Point]:
    """Return what the law expects of the next hundreds of answers, as far as there are images."""
    if effort.law is None:
        return []
    return [effort.law.at(begin + more) for more in AHEAD if begin + more <= effort.counts.images]


def next_hundred(effort: Effort) -> Point | None:
    """Return what a hundred answers more are expected to come to; None: too little is known, or left."""
    ahead = effort.rounds[-1].answers + 100 if effort.rounds else 0
    return effort.law.at(ahead) if effort.law and ahead <= effort.counts.images else None


def _percents(shares: Any) -> list[float | None]:
    return [round(100 * share, 3) for share in shares]
