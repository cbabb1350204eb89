"""models for other programs: their files, which one answers, and who may ask it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "portable_model",
        sa.Column("classifier_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["classifier_id"],
            ["classifier.id"],
            name="fk_portable_model_classifier_id_classifier",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_portable_model_job_id_job"),
        sa.PrimaryKeyConstraint("classifier_id", name="pk_portable_model"),
    )
    op.create_table(
        "chosen_model",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("classifier_id", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("chosen_by_id", sa.Integer(), nullable=True),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_chosen_model_project_id_project", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["classifier_id"],
            ["classifier.id"],
            name="fk_chosen_model_classifier_id_classifier",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["chosen_by_id"], ["user.id"], name="fk_chosen_model_chosen_by_id_user", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("project_id", name="pk_chosen_model"),
    )
    op.create_index("ix_chosen_model_classifier_id", "chosen_model", ["classifier_id"])
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_api_token_project_id_project", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name="fk_api_token_created_by_id_user", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_index("ix_api_token_project_id", "api_token", ["project_id"])


def downgrade() -> None:
    for table in ("api_token", "chosen_model", "portable_model"):
        op.drop_table(table)
