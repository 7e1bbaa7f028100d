"""Evidence that builds on evidence, a record of failures, webhooks, pasts"""

import json
import zlib

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Kept for a minute at most, and in another form from now on.
    op.execute("DELETE FROM trello_board_copy")

    op.create_table(
        "trello_connection_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("board_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["board_id"],
            ["trello_board.id"],
            name=op.f("fk_trello_connection_failure_board_id_trello_board"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["trello_connection.id"],
            name=op.f("fk_trello_connection_failure_connection_id_trello_connection"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trello_connection_failure")),
    )
    with op.batch_alter_table("trello_connection_failure") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_trello_connection_failure_board_id"), ["board_id"], unique=False
        )
        batch_op.create_index(
            "ix_trello_connection_failure_connection_id_id", ["connection_id", "id"], unique=False
        )

    op.create_table(
        "trello_past",
        sa.Column("source_version_id", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("wanted_from", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("try_count", sa.Integer(), nullable=False),
        sa.Column("failure_kind", sa.String(length=40), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("request_count", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reaches_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "status in ('waiting', 'running', 'done', 'failed')", name=op.f("ck_trello_past_status")
        ),
        sa.ForeignKeyConstraint(
            ["source_version_id"],
            ["source_version.id"],
            name=op.f("fk_trello_past_source_version_id_source_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_version_id", name=op.f("pk_trello_past")),
    )
    with op.batch_alter_table("trello_past") as batch_op:
        batch_op.create_index("ix_trello_past_status", ["status"], unique=False)

    op.create_table(
        "trello_webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("board_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("callback_url", sa.Text(), nullable=False),
        sa.Column("trello_id", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"],
            ["trello_board.id"],
            name=op.f("fk_trello_webhook_board_id_trello_board"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trello_webhook")),
        sa.UniqueConstraint("board_id", name=op.f("uq_trello_webhook_board_id")),
        sa.UniqueConstraint("key", name=op.f("uq_trello_webhook_key")),
    )
    with op.batch_alter_table("evidence") as batch_op:
        batch_op.add_column(sa.Column("base_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_evidence_base_id"), ["base_id"], unique=False)
        # The newest of a version is looked for at every sync, however many there are.
        batch_op.create_index(
            "ix_evidence_source_version_id_id", ["source_version_id", "id"], unique=False
        )
        batch_op.drop_index(batch_op.f("ix_evidence_source_version_id"))
        batch_op.create_foreign_key(
            batch_op.f("fk_evidence_base_id_evidence"), "evidence", ["base_id"], ["id"]
        )

    with op.batch_alter_table("trello_board") as batch_op:
        batch_op.add_column(sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_trello_board_changed_at"), ["changed_at"], unique=False
        )

    with op.batch_alter_table("trello_connection") as batch_op:
        batch_op.add_column(sa.Column("webhooks_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("webhook_problem", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("limited_until", sa.DateTime(timezone=True), nullable=True))
    # Connections from before are looked at when the clock first turns.
    op.execute("UPDATE trello_connection SET webhooks_due_at = created_at")
    with op.batch_alter_table("trello_connection") as batch_op:
        batch_op.alter_column(
            "webhooks_due_at", existing_type=sa.DateTime(timezone=True), nullable=False
        )
        batch_op.create_index(
            batch_op.f("ix_trello_connection_webhooks_due_at"), ["webhooks_due_at"], unique=False
        )

    with op.batch_alter_table("trello_source") as batch_op:
        batch_op.add_column(
            sa.Column("shows_cards", sa.Boolean(), server_default=sa.true(), nullable=False)
        )

    with op.batch_alter_table("trello_sync_run") as batch_op:
        batch_op.add_column(sa.Column("source_count", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("changed_count", sa.Integer(), nullable=True))
        batch_op.create_index("ix_trello_sync_run_finished_at", ["finished_at"], unique=False)
        batch_op.create_index("ix_trello_sync_run_status", ["status"], unique=False)


def downgrade() -> None:
    # As above: the form before can't read them.
    op.execute("DELETE FROM trello_board_copy")

    with op.batch_alter_table("trello_sync_run") as batch_op:
        batch_op.drop_index("ix_trello_sync_run_status")
        batch_op.drop_index("ix_trello_sync_run_finished_at")
        batch_op.drop_column("changed_count")
        batch_op.drop_column("source_count")

    with op.batch_alter_table("trello_source") as batch_op:
        batch_op.drop_column("shows_cards")

    with op.batch_alter_table("trello_connection") as batch_op:
        batch_op.drop_index(batch_op.f("ix_trello_connection_webhooks_due_at"))
        batch_op.drop_column("limited_until")
        batch_op.drop_column("webhook_problem")
        batch_op.drop_column("webhooks_due_at")

    with op.batch_alter_table("trello_board") as batch_op:
        batch_op.drop_index(batch_op.f("ix_trello_board_changed_at"))
        batch_op.drop_column("changed_at")
        batch_op.drop_column("failing_since")

    _make_evidence_whole()
    with op.batch_alter_table("evidence") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_evidence_base_id_evidence"), type_="foreignkey")
        batch_op.create_index(
            batch_op.f("ix_evidence_source_version_id"), ["source_version_id"], unique=False
        )
        batch_op.drop_index("ix_evidence_source_version_id_id")
        batch_op.drop_index(batch_op.f("ix_evidence_base_id"))
        batch_op.drop_column("base_id")

    op.drop_table("trello_webhook")
    with op.batch_alter_table("trello_past") as batch_op:
        batch_op.drop_index("ix_trello_past_status")

    op.drop_table("trello_past")
    with op.batch_alter_table("trello_connection_failure") as batch_op:
        batch_op.drop_index("ix_trello_connection_failure_connection_id_id")
        batch_op.drop_index(batch_op.f("ix_trello_connection_failure_board_id"))

    op.drop_table("trello_connection_failure")


def _make_evidence_whole() -> None:
    """Write all cards into each row that holds only what came and went since the row before."""
    evidence = sa.table(
        "evidence",
        sa.column("id", sa.Integer()),
        sa.column("source_version_id", sa.Integer()),
        sa.column("base_id", sa.Integer()),
        sa.column("payload", sa.LargeBinary()),
    )
    bind = op.get_bind()
    building = sa.select(evidence.c.source_version_id).where(evidence.c.base_id.is_not(None))
    for version_id in bind.scalars(building.distinct()).all():
        rows = sa.select(evidence).where(evidence.c.source_version_id == version_id)
        cards: dict[str, object] = {}
        for row in bind.execute(rows.order_by(evidence.c.id)).all():
            content = json.loads(zlib.decompress(row.payload))
            if row.base_id is None:
                cards = {record["id"]: record for record in content}
                continue
            for card_id in content["left"]:
                cards.pop(card_id, None)
            cards.update((record["id"], record) for record in content["entered"])
            payload = zlib.compress(json.dumps(list(cards.values())).encode(), 6)
            bind.execute(
                sa.update(evidence)
                .where(evidence.c.id == row.id)
                .values(base_id=None, payload=payload)
            )
