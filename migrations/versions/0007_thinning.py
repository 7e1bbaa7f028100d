"""How long the details of what is over are kept, and how far each measure is thinned"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("workspace") as batch_op:
        batch_op.add_column(sa.Column("details_kept_days", sa.Integer(), nullable=True))
    with op.batch_alter_table("measure") as batch_op:
        batch_op.add_column(sa.Column("thinned_before", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("is_being_thinned", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    with op.batch_alter_table("reading") as batch_op:
        batch_op.create_index(batch_op.f("ix_reading_evidence_id"), ["evidence_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("reading") as batch_op:
        batch_op.drop_index(batch_op.f("ix_reading_evidence_id"))
    with op.batch_alter_table("measure") as batch_op:
        batch_op.drop_column("is_being_thinned")
        batch_op.drop_column("thinned_before")
    with op.batch_alter_table("workspace") as batch_op:
        batch_op.drop_column("details_kept_days")
