"""labelers may stand before their round does"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("labeler") as batch:
        batch.add_column(sa.Column("job_id", sa.String(36)))
        batch.alter_column("round_id", existing_type=sa.Integer(), nullable=True)
        batch.create_foreign_key("fk_labeler_job_id_job", "job", ["job_id"], ["id"], ondelete="CASCADE")


def downgrade() -> None:
    op.execute("delete from prediction where labeler_id in (select id from labeler where round_id is null)")
    op.execute("delete from labeler where round_id is null")
    with op.batch_alter_table("labeler") as batch:
        batch.drop_constraint("fk_labeler_job_id_job", type_="foreignkey")
        batch.alter_column("round_id", existing_type=sa.Integer(), nullable=False)
        batch.drop_column("job_id")
