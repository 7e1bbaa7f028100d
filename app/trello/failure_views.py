"""What went wrong with a connection, for those who manage it."""

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.access import me
from app.db import db
from app.trello import blueprint
from app.trello.connections import row_for
from app.trello.failure_history import HISTORY_KEPT
from app.trello.loading import connection_for
from app.trello.models import ConnectionFailure

MOST_SHOWN = 100


@blueprint.get("/connections/<int:connection_id>/failures")
def show_failures(connection_id: int) -> ResponseReturnValue:
    person = me()
    connection = connection_for(person, connection_id, to_manage=True)
    failures = db.session.scalars(
        select(ConnectionFailure)
        .where(ConnectionFailure.connection_id == connection.id)
        .options(joinedload(ConnectionFailure.board))
        .order_by(
            ConnectionFailure.over_at.is_not(None),
            ConnectionFailure.last_at.desc(),
            ConnectionFailure.id.desc(),
        )
        .limit(MOST_SHOWN + 1)
    ).all()
    return render_template(
        "trello/failures.html",
        connection=connection,
        row=row_for(person, connection),
        failures=failures[:MOST_SHOWN],
        has_more=len(failures) > MOST_SHOWN,
        days_kept=HISTORY_KEPT.days,
    )
