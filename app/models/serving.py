from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, now


class PortableModel(Base):
    """A classifier as files for other programs, made and checked by a job."""

    __tablename__ = "portable_model"

    classifier_id: Mapped[int] = mapped_column(ForeignKey("classifier.id", ondelete="CASCADE"), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"))
    """Its run folder holds the files."""
    report: Mapped[dict[str, Any]]
    """`ml.portable.Portable`, as its fields."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class ChosenModel(Base):
    """The classifier that a project answers with."""

    __tablename__ = "chosen_model"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), primary_key=True)
    classifier_id: Mapped[int] = mapped_column(ForeignKey("classifier.id", ondelete="CASCADE"), index=True)
    threshold: Mapped[float]
    """A score from here on says positive; for two classes."""
    chosen_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    chosen_at: Mapped[datetime] = mapped_column(default=now)


class ApiToken(Base):
    """Lets a program ask a project's model. The program holds the token, this row only its hash."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    """What it is for, in its maker's words."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]
    """To the minute."""
    revoked_at: Mapped[datetime | None]
