from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.models.base import Base, now


class Bakeoff(Base):
    """Final classifiers compared on one test part, published whole."""

    __tablename__ = "bakeoff"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), unique=True)
    number: Mapped[int]
    class_ids: Mapped[list[Any]]
    """The classes' ids in the order of the score columns."""
    positive: Mapped[int]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Split counts, label sources, seconds, environment, notes, manifest's hash."""
    test_image_ids: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    """int64, little endian: row i of every classifier's scores."""
    test_labels: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    """int16: index into `class_ids`."""
    findings: Mapped[dict[str, Any]] = deferred(
        mapped_column(JSON, default=dict, server_default="{}", nullable=False)
    )
    """Doubtful labels, near duplicates across parts, pairs of models, slices: as `ml.findings` writes them."""
    slice_codes: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    """uint8 `[cuts, M]`: the slice of every test image by every cut of the findings."""
    created_at: Mapped[datetime] = mapped_column(default=now)

    classifiers: Mapped[list[Classifier]] = relationship(order_by="Classifier.position", lazy="selectin")


class Classifier(Base):
    """A final model and what it scored on the test part."""

    __tablename__ = "classifier"

    id: Mapped[int] = mapped_column(primary_key=True)
    bakeoff_id: Mapped[int] = mapped_column(ForeignKey("bakeoff.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(60))
    weights: Mapped[str] = mapped_column(String(12))
    parameters: Mapped[int]
    seconds: Mapped[float]
    best_epoch: Mapped[int]
    folder: Mapped[str] = mapped_column(String(300))
    sha256: Mapped[str] = mapped_column(String(64))
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    scores: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    """float32 `[M, K]`, row-major."""
    tallies: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    """The scores counted on a grid (`ml.metrics.Tally`); None: published before there were any."""


class IssueBatch(Base):
    """Doubtful labels that somebody sent to review together."""

    __tablename__ = "issue_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    bakeoff_id: Mapped[int] = mapped_column(ForeignKey("bakeoff.id", ondelete="CASCADE"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Issue(Base):
    """A label that was in doubt when its image was sent to review."""

    __tablename__ = "issue"

    batch_id: Mapped[int] = mapped_column(ForeignKey("issue_batch.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[int] = mapped_column(
        ForeignKey("image.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    class_id: Mapped[int] = mapped_column(ForeignKey("label_class.id"))
    """The label then."""
