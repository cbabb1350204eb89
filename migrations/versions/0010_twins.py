"""near duplicates, apart from groups by name, and whether an answer labels them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("image", sa.Column("twin_key", sa.Text()))
    op.create_index("ix_image_project_id_twin_key", "image", ["project_id", "twin_key"])
    op.add_column("project", sa.Column("settle_twins", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("project") as batch:
        batch.drop_column("settle_twins")
    op.drop_index("ix_image_project_id_twin_key", "image")
    with op.batch_alter_table("image") as batch:
        batch.drop_column("twin_key")
