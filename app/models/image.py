from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, now


class ImageState(StrEnum):
    """Where an image stands in the loop; written only by `app.labeling.settle`."""

    NEW = "new"
    ACCEPTED = "accepted"
    UNCLEAR = "unclear"
    SETTLED = "settled"
    DISPUTED = "disputed"
    """People said different things; an adjudicator decides."""
    SET_ASIDE = "set_aside"
    """People could not tell."""


TWIN = "twin"
UNSEEN = ("accepted", TWIN)
"""Sources of labels of images that no person has answered."""


class ImageBlob(Base):
    """The bytes exactly as they came, once per content."""

    __tablename__ = "image_blob"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None: too large for a row, lies in the blob folder under its sha256."""
    size: Mapped[int]


class ImportBatch(Base):
    """One upload: what came, what was taken, what was set aside."""

    __tablename__ = "import_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    taken: Mapped[int] = mapped_column(default=0)
    already_there: Mapped[int] = mapped_column(default=0)
    set_aside: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    report: Mapped[list[Any]] = mapped_column(default=list)
    """`app.images.reports.FileNote`, as its fields, for every file with something to say."""


class Image(Base):
    __tablename__ = "image"
    __table_args__ = (
        UniqueConstraint("project_id", "sha256"),
        Index("ix_image_project_id_state_class_id", "project_id", "state", "class_id"),
        Index("ix_image_project_id_twin_key", "project_id", "twin_key"),
        Index(
            "ix_image_predicted_class_id_confidence",
            "project_id",
            "state",
            "predicted_class_id",
            "left_out_of",
            "confidence",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(ForeignKey("image_blob.sha256"), index=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(Text, index=True)
    """As in the upload, its folders included; for people only, never a path of ours."""
    width: Mapped[int]
    height: Mapped[int]
    grey: Mapped[bool]
    difference_hash: Mapped[str] = mapped_column(String(16))
    """64-bit dHash in hex, for near duplicates."""
    group_key: Mapped[str] = mapped_column(Text, index=True)
    """Images with the same key never part; an image alone has its own."""
    twin_key: Mapped[str | None] = mapped_column(Text)
    """Images with the same key look the same, whatever their names; None: nothing else looks like this one."""
    state: Mapped[str] = mapped_column(String(12), default=ImageState.NEW)
    class_id: Mapped[int | None] = mapped_column(ForeignKey("label_class.id"))
    """The current label: a person's, or an accepted prediction's."""
    label_source: Mapped[str | None] = mapped_column(String(12))
    """Of what kind the answer is that the label comes from, or `accepted` for a pseudo-label.

    `twin`: accepted because people said so of its near duplicates.
    `cant_tell`: why the image is set aside.
    """
    proposed_class_id: Mapped[int | None] = mapped_column(ForeignKey("label_class.id"))
    """What the newest round accepts this image as; None: no round yet, or unclear, or doubted by a person."""
    predicted_class_id: Mapped[int | None] = mapped_column(ForeignKey("label_class.id"))
    """What the newest round's labelers together take this image for, sure or not; None: they have not seen it."""
    confidence: Mapped[float | None]
    """Their probability of that class."""
    left_out_of: Mapped[str | None] = mapped_column(String(12))
    """The state it had when a person could not decide at a glance: until the next round it is on no grid."""
    wanted: Mapped[int] = mapped_column(default=1, server_default="1")
    """So many different people answer this image before it has a label."""
    since_id: Mapped[int | None]
    """Annotations up to this one count no more: the image was sent back to people after them."""
    flagged: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
