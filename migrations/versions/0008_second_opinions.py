"""second opinions: answers that confident labelers contradict, and how many of them a project may ask for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "second_opinion",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer()),
        sa.Column("annotation_id", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["image.id"], name="fk_second_opinion_image_id_image", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_second_opinion_project_id_project", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["round.id"], name="fk_second_opinion_round_id_round", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["annotation_id"],
            ["annotation.id"],
            name="fk_second_opinion_annotation_id_annotation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("image_id", name="pk_second_opinion"),
    )
    op.create_index("ix_second_opinion_project_id", "second_opinion", ["project_id"])
    op.add_column("project", sa.Column("second_share", sa.Double(), nullable=False, server_default="0.05"))


def downgrade() -> None:
    with op.batch_alter_table("project") as batch:
        batch.drop_column("second_share")
    op.drop_table("second_opinion")
