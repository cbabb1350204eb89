"""several people: images that wait for another person, for an adjudicator, or for one's own answer once more"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("project", sa.Column("overlap", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("project", sa.Column("overlap_share", sa.Double(), nullable=False, server_default="1"))
    op.add_column("project", sa.Column("repeat_share", sa.Double(), nullable=False, server_default="0"))
    op.add_column("image", sa.Column("wanted", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("image", sa.Column("since_id", sa.Integer()))
    with op.batch_alter_table("queue_entry") as batch:
        batch.add_column(sa.Column("others_only", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("for_id", sa.Integer()))
        batch.create_foreign_key(
            "fk_queue_entry_for_id_user", "user", ["for_id"], ["id"], ondelete="CASCADE"
        )  # fmt: skip


def downgrade() -> None:
    with op.batch_alter_table("queue_entry") as batch:
        batch.drop_constraint("fk_queue_entry_for_id_user", type_="foreignkey")
        batch.drop_column("for_id")
        batch.drop_column("others_only")
    with op.batch_alter_table("image") as batch:
        batch.drop_column("since_id")
        batch.drop_column("wanted")
    with op.batch_alter_table("project") as batch:
        batch.drop_column("repeat_share")
        batch.drop_column("overlap_share")
        batch.drop_column("overlap")
