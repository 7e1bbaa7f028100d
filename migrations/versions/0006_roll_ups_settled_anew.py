"""Roll-ups settled anew, which 0004 once left at 0 where they were there before it"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("INSERT INTO unsettled (measure_id) SELECT id FROM measure WHERE kind = 'roll_up'")


def downgrade() -> None:
    """There is nothing to take back."""
