"""Whether a new answer can be the one that the labelers wait for; most cannot, and then nothing is read.

Answers are numbered over all projects, so ten missing answers cannot have come before ten more numbers are given.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from app.models import Annotation

LONGEST = 10
"""Answers: an import or other settings may make a round due sooner than was foreseen, by no more than this."""

Batch = tuple[int, int | None]
"""A project and its newest round: a new round begins a new count."""

_idle: WeakKeyDictionary[Engine | Connection, dict[Batch, range]] = WeakKeyDictionary()
"""By database: numbers of answers with which no round can be due."""


def cannot_be_due(session: Session, answer: Annotation) -> bool:
    return answer.id in _idle.get(session.get_bind(), {}).get(_batch(answer), range(0))


def come_again_after(session: Session, answer: Annotation, missing: int) -> None:
    """Remember that with `answer` so many were still missing."""
    idle = range(answer.id, answer.id + min(missing, LONGEST))
    _idle.setdefault(session.get_bind(), {})[_batch(answer)] = idle


def _batch(answer: Annotation) -> Batch:
    return answer.project_id, answer.round_id
