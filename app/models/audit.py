from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, now
from app.models.user import User


class AuditPlan(StrEnum):
    """What may be said of a sample depends on how its size came about."""

    FIXED = "fixed"
    """The size was chosen before the first answer, and stays."""
    OPEN = "open"
    """One may look at any time, stop early, or draw more."""


class Audit(Base):
    """A random sample of the accepted pile as it was at one moment, for a person to check."""

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    plan: Mapped[str] = mapped_column(String(8))
    seed: Mapped[int]
    """Orders the pile, sorted by image id; the first ones of that order are the sample."""
    pile_size: Mapped[int]
    pile_sha256: Mapped[str] = mapped_column(String(64))
    """Of the pile's images and labels, see `app.review.audit.pile_digest`."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    """From then on the items' outcomes are kept, whatever becomes of the images."""

    created_by: Mapped[User | None] = relationship(lazy="joined")


class AuditItem(Base):
    """An image of the sample, with the label that is to be checked."""

    __tablename__ = "audit_item"

    audit_id: Mapped[int] = mapped_column(ForeignKey("audit.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """In the order of drawing, from 0."""
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"), index=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("label_class.id"))
    """What the labelers had labelled it."""
    outcome: Mapped[str | None] = mapped_column(String(12))
    """`right`, `wrong` or `cant_tell`, written when the audit ends; None: nobody had answered."""
