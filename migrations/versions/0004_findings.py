"""findings: what a bake-off says about its data, and which labels were sent to review for it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bakeoff", sa.Column("findings", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("bakeoff", sa.Column("slice_codes", sa.LargeBinary(), nullable=True))
    op.add_column("classifier", sa.Column("tallies", sa.LargeBinary(), nullable=True))
    op.create_table(
        "issue_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("bakeoff_id", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_issue_batch_project_id_project", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["bakeoff_id"], ["bakeoff.id"], name="fk_issue_batch_bakeoff_id_bakeoff", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name="fk_issue_batch_created_by_id_user", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_issue_batch"),
    )
    op.create_index("ix_issue_batch_project_id", "issue_batch", ["project_id"])
    op.create_table(
        "issue",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["issue_batch.id"], name="fk_issue_batch_id_issue_batch", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_issue_image_id_image", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["class_id"], ["label_class.id"], name="fk_issue_class_id_label_class"),
        sa.PrimaryKeyConstraint("batch_id", "image_id", name="pk_issue"),
    )
    op.create_index("ix_issue_image_id", "issue", ["image_id"])


def downgrade() -> None:
    op.drop_table("issue")
    op.drop_table("issue_batch")
    with op.batch_alter_table("classifier") as batch:
        batch.drop_column("tallies")
    with op.batch_alter_table("bakeoff") as batch:
        batch.drop_column("slice_codes")
        batch.drop_column("findings")
