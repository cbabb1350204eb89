"""what the labelers together take an image for, and how sure they are: the grid's order"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SUREST = """
    select prediction.{column}
    from prediction
    join labeler on labeler.id = prediction.labeler_id
    join round on round.id = labeler.round_id
    where prediction.image_id = image.id
    order by round.number desc, prediction.confidence desc, labeler.position
    limit 1
"""


def upgrade() -> None:
    with op.batch_alter_table("image") as batch:
        batch.add_column(sa.Column("predicted_class_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("confidence", sa.Double(), nullable=True))
        batch.add_column(sa.Column("left_out_of", sa.String(length=12), nullable=True))
        batch.create_foreign_key(
            op.f("fk_image_predicted_class_id_label_class"), "label_class", ["predicted_class_id"], ["id"]
        )
    class_id, confidence = SUREST.format(column="class_id"), SUREST.format(column="confidence")
    op.execute(f"update image set predicted_class_id = ({class_id}), confidence = ({confidence})")  # noqa: S608
    op.create_index(
        "ix_image_predicted_class_id_confidence",
        "image",
        ["project_id", "state", "predicted_class_id", "left_out_of", "confidence"],
    )


def downgrade() -> None:
    op.drop_index("ix_image_predicted_class_id_confidence", "image")
    with op.batch_alter_table("image") as batch:
        batch.drop_constraint(op.f("fk_image_predicted_class_id_label_class"), type_="foreignkey")
        batch.drop_column("left_out_of")
        batch.drop_column("confidence")
        batch.drop_column("predicted_class_id")
