from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, now


class Round(Base):
    """One pass of the labelers over all images, published whole."""

    __tablename__ = "round"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), unique=True)
    number: Mapped[int]
    recipe: Mapped[str] = mapped_column(String(20))
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Counts, cross table, splits, seconds, environment, notes: what the labelers page shows."""
    created_at: Mapped[datetime] = mapped_column(default=now)

    labelers: Mapped[list[Labeler]] = relationship(order_by="Labeler.position", lazy="selectin")


class Labeler(Base):
    """A trained model in the annotator's role."""

    __tablename__ = "labeler"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id", ondelete="CASCADE"), index=True)
    """None: its words are still being put in, or never were to the end; nobody sees them."""
    job_id: Mapped[str | None] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    """The job that trained it; None: before this was noted."""
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(60))
    weights: Mapped[str] = mapped_column(String(12))
    parameters: Mapped[int]
    seconds: Mapped[float]
    folder: Mapped[str] = mapped_column(String(300))
    """The model's folder, relative to the runs folder."""
    sha256: Mapped[str] = mapped_column(String(64))
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Prediction(Base):
    """What a labeler said of an image."""

    __tablename__ = "prediction"

    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[int] = mapped_column(
        ForeignKey("image.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    class_id: Mapped[int] = mapped_column(ForeignKey("label_class.id"))
    confidence: Mapped[float]
    """Probability of `class_id`."""
    score: Mapped[float]
    """Probability of the project's positive class."""
