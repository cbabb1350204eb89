from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, now


class SecondOpinion(Base):
    """A person's answer that confident labelers contradict, put up once for another look."""

    __tablename__ = "second_opinion"

    image_id: Mapped[int] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id", ondelete="SET NULL"))
    annotation_id: Mapped[int] = mapped_column(ForeignKey("annotation.id", ondelete="CASCADE"))
    """The answer in doubt."""
    probability: Mapped[float]
    """Of that answer's class, as the labelers see it who had not seen the answer."""
    created_at: Mapped[datetime] = mapped_column(default=now)
