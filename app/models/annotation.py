from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, now


class AnnotationKind(StrEnum):
    LABEL = "label"
    CANT_TELL = "cant_tell"
    UNDO = "undo"


class AnnotationSource(StrEnum):
    SEED = "seed"
    REVIEW = "review"
    AUDIT = "audit"
    ISSUE = "issue"
    IMPORT = "import"
    ADJUDICATION = "adjudication"
    """The last word on an image of which people said different things."""
    REPEAT = "repeat"
    """One's own earlier answer, asked for once more: measures the person, never changes the label."""


class Annotation(Base):
    """What a person said. Rows are only ever added: undo and relabel add one."""

    __tablename__ = "annotation"
    __table_args__ = (
        UniqueConstraint("author_id", "idempotency_key"),
        Index("ix_annotation_project_id_created_at", "project_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    class_id: Mapped[int | None] = mapped_column(ForeignKey("label_class.id"))
    """Set for `label` only."""
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("annotation.id"))
    """Set for `undo` only."""
    source: Mapped[str] = mapped_column(String(12))
    seconds: Mapped[float]
    """From the moment the image was painted to the key press."""
    flagged: Mapped[bool] = mapped_column(default=False)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id", ondelete="SET NULL"))
    opinions: Mapped[list[Any]] = mapped_column(default=list)
    """What each labeler had said: `{"labeler", "class_id", "confidence"}`."""
    idempotency_key: Mapped[str] = mapped_column(String(64), insert_sentinel=True)
    """Of a person's answers none has another's. By it many rows that are added at once know their ids."""
    created_at: Mapped[datetime] = mapped_column(default=now)
