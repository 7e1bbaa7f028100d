"""Teams, alignment, contributions, how items end, comments, saved views and imports"""

from collections import defaultdict
from fractions import Fraction

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TARGET = {
    "0003": ("target_differs", "kind <> 'kpi' or start_value <> target_value"),
    "0004": (
        "target_differs",
        "kind <> 'kpi' or guard is not null or start_value <> target_value",
    ),
}
_OF_MEASURES = (
    ("guard", "guard in ('stay_above', 'stay_below')"),
    ("ended_as", "ended_as in ('closed', 'postponed')"),
    ("override", "override in ('once', 'until_resumed')"),
)
_OF_OBJECTIVES = (
    ("level", "level in ('company', 'team', 'personal')"),
    ("team_of_level", "(level = 'team') = (team_id is not null)"),
)


def upgrade() -> None:
    turn = op.create_table(
        "settling_turn",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settling_turn")),
    )
    op.bulk_insert(turn, [{"id": 1}])  # without a row there is nothing to hold
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("key", name=op.f("uq_tag_key")),
    )
    op.create_table(
        "import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("layout", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_import_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
    )
    with op.batch_alter_table("import") as batch_op:
        batch_op.create_index(batch_op.f("ix_import_person_id"), ["person_id"], unique=False)

    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_saved_view_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("person_id", "key", name=op.f("uq_saved_view_person_id")),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["person.id"], name=op.f("fk_team_lead_id_person")),
        sa.ForeignKeyConstraint(["parent_id"], ["team.id"], name=op.f("fk_team_parent_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("key", name=op.f("uq_team_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("team") as batch_op:
        batch_op.create_index(batch_op.f("ix_team_lead_id"), ["lead_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_team_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["measure.id"],
            name=op.f("fk_comment_measure_id_measure"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_comment_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    with op.batch_alter_table("comment") as batch_op:
        batch_op.create_index(
            "ix_comment_measure_id_made_at", ["measure_id", "made_at"], unique=False
        )

    op.create_table(
        "imported",
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["measure.id"],
            name=op.f("fk_imported_measure_id_measure"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("measure_id", name=op.f("pk_imported")),
        sa.UniqueConstraint("origin", "reference", name=op.f("uq_imported_origin")),
    )
    op.create_table(
        "item_owner",
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["measure.id"],
            name=op.f("fk_item_owner_measure_id_measure"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_item_owner_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("measure_id", "person_id", name=op.f("pk_item_owner")),
    )
    with op.batch_alter_table("item_owner") as batch_op:
        batch_op.create_index(batch_op.f("ix_item_owner_person_id"), ["person_id"], unique=False)

    op.create_table(
        "item_tag",
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["measure.id"],
            name=op.f("fk_item_tag_measure_id_measure"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tag.id"], name=op.f("fk_item_tag_tag_id_tag"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("measure_id", "tag_id", name=op.f("pk_item_tag")),
    )
    with op.batch_alter_table("item_tag") as batch_op:
        batch_op.create_index(batch_op.f("ix_item_tag_tag_id"), ["tag_id"], unique=False)

    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_team_member_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_team_member_team_id_team"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "person_id", name=op.f("pk_team_member")),
    )
    with op.batch_alter_table("team_member") as batch_op:
        batch_op.create_index(batch_op.f("ix_team_member_person_id"), ["person_id"], unique=False)

    op.create_table(
        "trello_connection_team_share",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["trello_connection.id"],
            name=op.f("fk_trello_connection_team_share_connection_id_trello_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["team.id"],
            name=op.f("fk_trello_connection_team_share_team_id_team"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "team_id", name=op.f("pk_trello_connection_team_share")
        ),
    )
    with op.batch_alter_table("trello_connection_team_share") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_trello_connection_team_share_team_id"), ["team_id"], unique=False
        )

    op.create_table(
        "unsettled",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["measure.id"],
            name=op.f("fk_unsettled_measure_id_measure"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsettled")),
    )
    op.create_table(
        "waiting_source",
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("integration", sa.String(length=40), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["measure.id"],
            name=op.f("fk_waiting_source_measure_id_measure"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("measure_id", name=op.f("pk_waiting_source")),
    )
    op.create_table(
        "mention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("check_in_id", sa.Integer(), nullable=True),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(check_in_id is null) <> (comment_id is null)", name=op.f("ck_mention_one_place")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_mention_by_id_person")),
        sa.ForeignKeyConstraint(
            ["check_in_id"],
            ["check_in.id"],
            name=op.f("fk_mention_check_in_id_check_in"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comment.id"],
            name=op.f("fk_mention_comment_id_comment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["measure.id"],
            name=op.f("fk_mention_measure_id_measure"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_mention_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mention")),
    )
    with op.batch_alter_table("mention") as batch_op:
        batch_op.create_index(batch_op.f("ix_mention_check_in_id"), ["check_in_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mention_comment_id"), ["comment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mention_measure_id"), ["measure_id"], unique=False)
        batch_op.create_index(
            "ix_mention_person_id_seen_at", ["person_id", "seen_at"], unique=False
        )

    op.create_table(
        "objective_viewer_team",
        sa.Column("objective_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["objective_id"],
            ["objective.id"],
            name=op.f("fk_objective_viewer_team_objective_id_objective"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["team.id"],
            name=op.f("fk_objective_viewer_team_team_id_team"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("objective_id", "team_id", name=op.f("pk_objective_viewer_team")),
    )
    with op.batch_alter_table("objective_viewer_team") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_objective_viewer_team_team_id"), ["team_id"], unique=False
        )

    with op.batch_alter_table("check_in") as batch_op:
        batch_op.add_column(sa.Column("confidence", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("override", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("imported_key", sa.String(length=80), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_check_in_imported_key"), ["imported_key"])

    with op.batch_alter_table("cycle") as batch_op:
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("closed_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_cycle_closed_by_id_person"), "person", ["closed_by_id"], ["id"]
        )

    with op.batch_alter_table("key_result") as batch_op:
        batch_op.add_column(sa.Column("share", sa.String(length=80), nullable=True))

    with op.batch_alter_table("measure") as batch_op:
        batch_op.add_column(sa.Column("guard", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("warning_value", sa.String(length=80), nullable=True))
        batch_op.add_column(
            sa.Column("part_count", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("parts_ended_as", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("override", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("automatic_value", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("ended_as", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("ended_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("final_value", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("score", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("closing_note", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("continues_id", sa.Integer(), nullable=True))
        batch_op.alter_column(
            "value", existing_type=sa.VARCHAR(length=80), type_=sa.Text(), existing_nullable=True
        )
        batch_op.create_index(batch_op.f("ix_measure_continues_id"), ["continues_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_measure_continues_id_measure"), "measure", ["continues_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_measure_ended_by_id_person"), "person", ["ended_by_id"], ["id"]
        )
        _uncheck(batch_op, "measure", _TARGET["0003"])
        _check(batch_op, "measure", _TARGET["0004"], *_OF_MEASURES)

    with op.batch_alter_table("objective") as batch_op:
        batch_op.add_column(
            sa.Column("level", sa.String(length=16), server_default="personal", nullable=False)
        )
        batch_op.add_column(sa.Column("team_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("parent_measure_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("share", sa.String(length=80), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_objective_parent_measure_id"), ["parent_measure_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_objective_team_id"), ["team_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_objective_team_id_team"), "team", ["team_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_objective_parent_measure_id_measure"),
            "measure",
            ["parent_measure_id"],
            ["id"],
        )
        _check(batch_op, "objective", *_OF_OBJECTIVES)

    with op.batch_alter_table("reading") as batch_op:
        batch_op.add_column(
            sa.Column("is_beside", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.alter_column(
            "value", existing_type=sa.VARCHAR(length=80), type_=sa.Text(), existing_nullable=False
        )
    _record_roll_ups(op.get_bind())


def downgrade() -> None:
    with op.batch_alter_table("reading") as batch_op:
        batch_op.alter_column(
            "value", existing_type=sa.Text(), type_=sa.VARCHAR(length=80), existing_nullable=False
        )
        batch_op.drop_column("is_beside")

    with op.batch_alter_table("objective") as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_objective_parent_measure_id_measure"), type_="foreignkey"
        )
        batch_op.drop_constraint(batch_op.f("fk_objective_team_id_team"), type_="foreignkey")
        _uncheck(batch_op, "objective", *_OF_OBJECTIVES)
        batch_op.drop_index(batch_op.f("ix_objective_team_id"))
        batch_op.drop_index(batch_op.f("ix_objective_parent_measure_id"))
        batch_op.drop_column("share")
        batch_op.drop_column("parent_measure_id")
        batch_op.drop_column("team_id")
        batch_op.drop_column("level")

    with op.batch_alter_table("measure") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_measure_ended_by_id_person"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_measure_continues_id_measure"), type_="foreignkey")
        _uncheck(batch_op, "measure", _TARGET["0004"], *_OF_MEASURES)
        _check(batch_op, "measure", _TARGET["0003"])
        batch_op.drop_index(batch_op.f("ix_measure_continues_id"))
        batch_op.alter_column(
            "value", existing_type=sa.Text(), type_=sa.VARCHAR(length=80), existing_nullable=True
        )
        batch_op.drop_column("continues_id")
        batch_op.drop_column("closing_note")
        batch_op.drop_column("score")
        batch_op.drop_column("final_value")
        batch_op.drop_column("ended_by_id")
        batch_op.drop_column("ended_at")
        batch_op.drop_column("ended_as")
        batch_op.drop_column("automatic_value")
        batch_op.drop_column("override")
        batch_op.drop_column("parts_ended_as")
        batch_op.drop_column("part_count")
        batch_op.drop_column("warning_value")
        batch_op.drop_column("guard")

    with op.batch_alter_table("key_result") as batch_op:
        batch_op.drop_column("share")

    with op.batch_alter_table("cycle") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_cycle_closed_by_id_person"), type_="foreignkey")
        batch_op.drop_column("closed_by_id")
        batch_op.drop_column("closed_at")

    with op.batch_alter_table("check_in") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_check_in_imported_key"), type_="unique")
        batch_op.drop_column("imported_key")
        batch_op.drop_column("edited_at")
        batch_op.drop_column("override")
        batch_op.drop_column("confidence")

    with op.batch_alter_table("objective_viewer_team") as batch_op:
        batch_op.drop_index(batch_op.f("ix_objective_viewer_team_team_id"))

    op.drop_table("objective_viewer_team")
    with op.batch_alter_table("mention") as batch_op:
        batch_op.drop_index("ix_mention_person_id_seen_at")
        batch_op.drop_index(batch_op.f("ix_mention_measure_id"))
        batch_op.drop_index(batch_op.f("ix_mention_comment_id"))
        batch_op.drop_index(batch_op.f("ix_mention_check_in_id"))

    op.drop_table("mention")
    op.drop_table("waiting_source")
    op.drop_table("unsettled")
    with op.batch_alter_table("trello_connection_team_share") as batch_op:
        batch_op.drop_index(batch_op.f("ix_trello_connection_team_share_team_id"))

    op.drop_table("trello_connection_team_share")
    with op.batch_alter_table("team_member") as batch_op:
        batch_op.drop_index(batch_op.f("ix_team_member_person_id"))

    op.drop_table("team_member")
    with op.batch_alter_table("item_tag") as batch_op:
        batch_op.drop_index(batch_op.f("ix_item_tag_tag_id"))

    op.drop_table("item_tag")
    with op.batch_alter_table("item_owner") as batch_op:
        batch_op.drop_index(batch_op.f("ix_item_owner_person_id"))

    op.drop_table("item_owner")
    op.drop_table("imported")
    with op.batch_alter_table("comment") as batch_op:
        batch_op.drop_index("ix_comment_measure_id_made_at")

    op.drop_table("comment")
    with op.batch_alter_table("team") as batch_op:
        batch_op.drop_index(batch_op.f("ix_team_parent_id"))
        batch_op.drop_index(batch_op.f("ix_team_lead_id"))

    op.drop_table("team")
    op.drop_table("saved_view")
    with op.batch_alter_table("import") as batch_op:
        batch_op.drop_index(batch_op.f("ix_import_person_id"))

    op.drop_table("import")
    op.drop_table("tag")
    op.drop_table("settling_turn")


def _check(batch_op, table, *checks) -> None:
    for name, rule in checks:
        batch_op.create_check_constraint(op.f(f"ck_{table}_{name}"), rule)


def _uncheck(batch_op, table, *checks) -> None:
    for name, _rule in checks:
        batch_op.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")


def _record_roll_ups(bind) -> None:
    """Give every roll-up the readings that it would have, had they been kept from the start.

    Up to now it was the plain mean of its key results, worked out whenever it was shown.
    """
    parts = defaultdict(dict)
    for row in bind.execute(
        sa.text(
            "SELECT objective.measure_id AS above, measure.id, measure.series, "
            "measure.start_value, measure.target_value, measure.kind FROM objective "
            "JOIN measure AS rolled_up ON rolled_up.id = objective.measure_id "
            "JOIN key_result ON key_result.objective_id = objective.id "
            "JOIN measure ON measure.id = key_result.measure_id "
            "WHERE rolled_up.kind = 'roll_up' AND key_result.deleted_at IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM reading WHERE reading.measure_id = objective.measure_id)"
        )
    ):
        parts[row.above][row.id] = row
    readings = _READING.select().order_by(_READING.c.taken_at, _READING.c.id)
    for above, measures in parts.items():
        progress = {one: Fraction(0) for one in measures}
        value, taken_at = Fraction(0), None
        found = bind.execute(readings.where(_READING.c.measure_id.in_(list(measures)))).all()
        for reading in found:
            measure = measures[reading.measure_id]
            if reading.series != measure.series:
                continue
            start, target = Fraction(measure.start_value), Fraction(measure.target_value)
            share = (Fraction(reading.value) - start) / (target - start) * 100
            progress[reading.measure_id] = min(max(share, Fraction(0)), Fraction(100))
            mean = sum(progress.values(), Fraction(0)) / len(progress)
            if mean != value:
                value, taken_at = mean, reading.taken_at
                row = {"measure_id": above, "series": 1, "taken_at": taken_at}
                bind.execute(_READING.insert().values(value=_text(value), **row))
        if taken_at is not None:
            present = {"value": _text(value), "valued_at": taken_at}
            bind.execute(_MEASURE.update().where(_MEASURE.c.id == above).values(present))


def _text(value: Fraction) -> str:
    """As the app keeps long exact numbers."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) < 1024:
        return str(value)
    return f"{value.numerator:#x}/{value.denominator:#x}"


_READING = sa.table(
    "reading",
    sa.column("id", sa.Integer),
    sa.column("measure_id", sa.Integer),
    sa.column("series", sa.Integer),
    sa.column("taken_at", sa.DateTime(timezone=True)),
    sa.column("value", sa.Text),
)
_MEASURE = sa.table(
    "measure",
    sa.column("id", sa.Integer),
    sa.column("value", sa.Text),
    sa.column("valued_at", sa.DateTime(timezone=True)),
)
