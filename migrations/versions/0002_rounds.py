"""rounds: how many answers make one, and quick to count since the last"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("project", sa.Column("round_size", sa.Integer(), nullable=False, server_default="50"))
    op.create_index("ix_annotation_project_id_created_at", "annotation", ["project_id", "created_at"])
    op.drop_index("ix_annotation_project_id", "annotation")


def downgrade() -> None:
    op.create_index("ix_annotation_project_id", "annotation", ["project_id"])
    op.drop_index("ix_annotation_project_id_created_at", "annotation")
    with op.batch_alter_table("project") as batch:
        batch.drop_column("round_size")
