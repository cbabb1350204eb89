from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, now


class Recipe(StrEnum):
    """How labelers and people share the work."""

    FOUNDING = "founding"
    SQUINT = "squint"


class Project(Base):
    __tablename__ = "project"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    recipe: Mapped[str] = mapped_column(String(20), default="founding")
    seed_size: Mapped[int] = mapped_column(default=100)
    """How many images a person labels before the labelers train."""
    round_size: Mapped[int] = mapped_column(default=50, server_default="50")
    """Recipe `squint`: after so many answers the labelers learn again."""
    target: Mapped[float] = mapped_column(default=0.02, server_default="0.02")
    """So many labels may be wrong: recipe `squint` accepts no more than keep to it, audits are to prove it."""
    overlap: Mapped[int] = mapped_column(default=1, server_default="1")
    """So many different people answer each image, or each of a random share of them."""
    overlap_share: Mapped[float] = mapped_column(default=1.0, server_default="1")
    repeat_share: Mapped[float] = mapped_column(default=0.0, server_default="0")
    """So many of one's own earlier answers come again, unmarked, for each image that is served."""
    second_share: Mapped[float] = mapped_column(default=0.05, server_default="0.05")
    """Recipe `squint`: at most so many answers are put up for a second opinion, of all answers."""
    settle_twins: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether an answer labels those near duplicates of its image, too, that nobody has answered."""
    show_opinions: Mapped[bool] = mapped_column(default=False)
    """Whether the review screen shows what the labelers said before a key asks: seeing it biases people."""
    from_scratch: Mapped[bool] = mapped_column(default=False)
    """Train without pretrained weights where there are none."""
    group_pattern: Mapped[str] = mapped_column(String(200), default="")
    """Regular expression on the file name; what its first group matches names the image's group."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)

    classes: Mapped[list[LabelClass]] = relationship(
        order_by="LabelClass.position", lazy="selectin", cascade="all, delete-orphan"
    )

    @property
    def active_classes(self) -> list[LabelClass]:
        return [c for c in self.classes if c.archived_at is None]

    @property
    def positive_class(self) -> LabelClass:
        """The class whose probability is *the score*."""
        return next((c for c in self.active_classes if c.positive), self.active_classes[-1])


class LabelClass(Base):
    """One of a project's classes. Archived, never deleted: answers point at it."""

    __tablename__ = "label_class"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(1))
    """The key that answers with this class."""
    color: Mapped[int] = mapped_column(default=0)
    """Index into the palette of `static/app.css` (`.class-0` to `.class-9`)."""
    position: Mapped[int]
    positive: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]


class ProjectMember(Base):
    """Who may see a project, admins aside."""

    __tablename__ = "project_member"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
