"""Each name of a cycle once, whatever its case"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LONGEST = 80
_CYCLE = sa.table(
    "cycle",
    sa.column("id", sa.Integer),
    sa.column("name", sa.String),
    sa.column("key", sa.String),
)


def upgrade() -> None:
    with op.batch_alter_table("cycle") as batch_op:
        batch_op.add_column(sa.Column("key", sa.String(length=240), nullable=True))
    _tell_apart()
    with op.batch_alter_table("cycle") as batch_op:
        batch_op.alter_column("key", existing_type=sa.String(length=240), nullable=False)
        batch_op.create_unique_constraint(batch_op.f("uq_cycle_key"), ["key"])


def downgrade() -> None:
    with op.batch_alter_table("cycle") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_cycle_key"), type_="unique")
        batch_op.drop_column("key")


def _tell_apart() -> None:
    """The first of a name keeps it; a number goes with it for those that came later."""
    bind = op.get_bind()
    cycles = bind.execute(sa.select(_CYCLE.c.id, _CYCLE.c.name).order_by(_CYCLE.c.id)).all()
    first = {_key(name): number for number, name in reversed(cycles)}
    taken = set(first)
    for number, name in cycles:
        if first[_key(name)] != number:
            name = _free(name, taken)
            taken.add(_key(name))
        present = {"name": name, "key": _key(name)}
        bind.execute(_CYCLE.update().where(_CYCLE.c.id == number).values(present))


def _free(name: str, taken: set[str]) -> str:
    """ "Spring (2)" """
    number = 2
    while True:
        sign = f" ({number})"
        numbered = name[: _LONGEST - len(sign)] + sign
        if _key(numbered) not in taken:
            return numbered
        number += 1


def _key(name: str) -> str:
    """As the app compares names."""
    return unicodedata.normalize("NFC", name).casefold()
