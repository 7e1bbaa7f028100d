"""Sessions, observers, private objectives, shares by name, the audit log and mail"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


_ROLES = {"0002": "'admin', 'member'", "0003": "'admin', 'member', 'observer'"}
_SHARING = {"0002": "'private', 'everyone'", "0003": "'private', 'people', 'everyone'"}


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("thing_kind", sa.String(length=40), nullable=False),
        sa.Column("thing_id", sa.Integer(), nullable=True),
        sa.Column("thing_name", sa.String(length=512), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_audit_entry_actor_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry") as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_audit_entry_happened_at"), ["happened_at"], unique=False
        )
        batch_op.create_index(
            "ix_audit_entry_thing_kind_thing_id", ["thing_kind", "thing_id"], unique=False
        )

    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=True),
        sa.Column("measure_id", sa.Integer(), nullable=True),
        sa.Column("content_encrypted", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("try_count", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_outgoing_mail_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["measure.id"],
            name=op.f("fk_outgoing_mail_measure_id_measure"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
        sa.UniqueConstraint("key", name=op.f("uq_outgoing_mail_key")),
    )
    with op.batch_alter_table("outgoing_mail") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_outgoing_mail_next_try_at"), ["next_try_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_outgoing_mail_measure_id"), ["measure_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_outgoing_mail_person_id"), ["person_id"], unique=False)

    op.create_table(
        "told_trouble",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_told_trouble_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("person_id", "mark", name=op.f("pk_told_trouble")),
    )

    op.create_table(
        "person_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_person_session_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_person_session_token_hash")),
    )
    with op.batch_alter_table("person_session") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_person_session_person_id"), ["person_id"], unique=False
        )

    op.create_table(
        "openid_return",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_openid_return")),
    )

    op.create_table(
        "objective_viewer",
        sa.Column("objective_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["objective_id"],
            ["objective.id"],
            name=op.f("fk_objective_viewer_objective_id_objective"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_objective_viewer_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("objective_id", "person_id", name=op.f("pk_objective_viewer")),
    )
    with op.batch_alter_table("objective_viewer") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_objective_viewer_person_id"), ["person_id"], unique=False
        )

    op.create_table(
        "trello_connection_share",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["trello_connection.id"],
            name=op.f("fk_trello_connection_share_connection_id_trello_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_trello_connection_share_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "person_id", name=op.f("pk_trello_connection_share")
        ),
    )
    with op.batch_alter_table("trello_connection_share") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_trello_connection_share_person_id"), ["person_id"], unique=False
        )

    with op.batch_alter_table("integration") as batch_op:
        batch_op.add_column(
            sa.Column("members_may_connect", sa.Boolean(), server_default=sa.true(), nullable=False)
        )

    with op.batch_alter_table("objective") as batch_op:
        batch_op.add_column(
            sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("person") as batch_op:
        batch_op.add_column(sa.Column("oidc_issuer", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("oidc_subject", sa.String(length=255), nullable=True))
        batch_op.create_unique_constraint(
            batch_op.f("uq_person_oidc_issuer"), ["oidc_issuer", "oidc_subject"]
        )
        batch_op.add_column(sa.Column("time_zone", sa.String(length=64), nullable=True))
        batch_op.add_column(
            sa.Column("wants_mentions", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("wants_warnings", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("wants_reminders", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("wants_summary", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("mail_weekday", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("mail_hour", sa.Integer(), server_default="9", nullable=False)
        )

    with op.batch_alter_table("trello_connection") as batch_op:
        batch_op.add_column(sa.Column("disconnected_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("disconnected_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_trello_connection_disconnected_by_id_person"),
            "person",
            ["disconnected_by_id"],
            ["id"],
        )

    # Last, for each rebuilding would forget about the ids.
    _allow("person", "role", _ROLES["0003"], sqlite_autoincrement=True)
    _allow("trello_connection", "sharing", _SHARING["0003"], sqlite_autoincrement=True)


def downgrade() -> None:
    bind = op.get_bind()
    if bind.execute(sa.text("SELECT 1 FROM objective WHERE is_private")).first():
        raise RuntimeError(
            "There are private objectives, and the schema before would show them to everyone: "
            "make them visible or delete them first."
        )
    # Nobody gains a right: an observer would be a member, so the account is closed.
    op.execute(
        sa.text(
            "UPDATE person SET role = 'member', is_active = :closed WHERE role = 'observer'"
        ).bindparams(sa.bindparam("closed", False, sa.Boolean()))
    )
    op.execute("UPDATE trello_connection SET sharing = 'private' WHERE sharing = 'people'")
    _allow("person", "role", _ROLES["0002"])
    _allow("trello_connection", "sharing", _SHARING["0002"])
    with op.batch_alter_table("trello_connection") as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_trello_connection_disconnected_by_id_person"), type_="foreignkey"
        )
        batch_op.drop_column("disconnected_by_id")
        batch_op.drop_column("disconnected_at")

    with op.batch_alter_table("person") as batch_op:
        batch_op.drop_column("mail_hour")
        batch_op.drop_column("mail_weekday")
        batch_op.drop_column("wants_summary")
        batch_op.drop_column("wants_reminders")
        batch_op.drop_column("wants_warnings")
        batch_op.drop_column("wants_mentions")
        batch_op.drop_column("time_zone")
        batch_op.drop_constraint(batch_op.f("uq_person_oidc_issuer"), type_="unique")
        batch_op.drop_column("oidc_subject")
        batch_op.drop_column("oidc_issuer")

    with op.batch_alter_table("objective") as batch_op:
        batch_op.drop_column("is_private")

    with op.batch_alter_table("integration") as batch_op:
        batch_op.drop_column("members_may_connect")

    with op.batch_alter_table("trello_connection_share") as batch_op:
        batch_op.drop_index(batch_op.f("ix_trello_connection_share_person_id"))

    op.drop_table("trello_connection_share")
    with op.batch_alter_table("objective_viewer") as batch_op:
        batch_op.drop_index(batch_op.f("ix_objective_viewer_person_id"))

    op.drop_table("objective_viewer")
    with op.batch_alter_table("person_session") as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_session_person_id"))

    op.drop_table("openid_return")
    op.drop_table("person_session")
    op.drop_table("told_trouble")
    with op.batch_alter_table("outgoing_mail") as batch_op:
        batch_op.drop_index(batch_op.f("ix_outgoing_mail_person_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_mail_measure_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_mail_next_try_at"))

    op.drop_table("outgoing_mail")
    with op.batch_alter_table("audit_entry") as batch_op:
        batch_op.drop_index("ix_audit_entry_thing_kind_thing_id")
        batch_op.drop_index(batch_op.f("ix_audit_entry_happened_at"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_actor_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_action"))

    op.drop_table("audit_entry")


def _allow(table: str, column: str, values: str, **settings: bool) -> None:
    """Replace the check of what a column may hold. SQLite's goes as the table is rebuilt."""
    with op.batch_alter_table(table, table_kwargs=settings) as batch_op:
        if op.get_bind().dialect.name != "sqlite":
            batch_op.drop_constraint(op.f(f"ck_{table}_{column}"), type_="check")
        batch_op.create_check_constraint(op.f(f"ck_{table}_{column}"), f"{column} in ({values})")
