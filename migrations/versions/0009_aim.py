"""how many labels of a project may be wrong"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("project", sa.Column("target", sa.Double(), nullable=False, server_default="0.02"))


def downgrade() -> None:
    with op.batch_alter_table("project") as batch:
        batch.drop_column("target")
