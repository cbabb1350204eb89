from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Pile(StrEnum):
    """Why an image waits for a person."""

    SEED = "seed"
    REVIEW = "review"
    AUDIT = "audit"
    """Drawn by lot from what is accepted, to be checked."""
    DISPUTED = "disputed"
    """People said different things: for engineers."""


NO_PILE = "none"
"""Of an image that waits for nobody and is on somebody's screen all the same, such as a tile of the grid."""


class QueueEntry(Base):
    """An image that waits for a person, and the lease of whoever has it on screen."""

    __tablename__ = "queue_entry"
    __table_args__ = (Index("ix_queue_entry_project_id_pile_rank", "project_id", "pile", "rank"),)

    image_id: Mapped[int] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    pile: Mapped[str] = mapped_column(String(8))
    rank: Mapped[float]
    """Smallest first."""
    leased_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    leased_tab: Mapped[str | None] = mapped_column(String(40))
    """Which of the person's browser tabs: two tabs must not show one image."""
    leased_until: Mapped[datetime | None]
    others_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Only for people who have not answered the image: it waits for another person."""
    for_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    """Only for this person, whose own earlier answer is asked for once more."""
