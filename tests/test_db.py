"""The database layer: exact figures, aware moments, and writers that take turns."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person, Workspace
from app.db import db
from app.okrs.models import KPI, Measure
from tests.support.people import make_person
from tests.trello.linked import make_connection

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize(
    "figure",
    [Fraction(0), Fraction(-1, 3), Fraction(100, 3), Fraction(10**15) + Fraction(1, 10**6)],
)
def test_a_figure_comes_back_exactly(app: Flask, figure: Fraction) -> None:
    db.session.add(Measure(kind=KPI, start_value=figure, target_value=figure + 1))
    db.session.commit()
    db.session.expire_all()
    assert db.session.scalars(select(Measure)).one().start_value == figure


def test_a_moment_comes_back_aware_and_in_utc(app: Flask, alice: Person) -> None:
    alice.created_at = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    db.session.commit()
    db.session.expire_all()
    assert alice.created_at == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    assert alice.created_at.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_refused(app: Flask, workspace: Workspace) -> None:
    workspace.created_at = datetime(2026, 3, 1)
    with pytest.raises(Exception, match="time zone"):
        db.session.commit()
    db.session.rollback()


def test_writers_that_read_first_lose_no_update(app: Flask, workspace: Workspace) -> None:
    """On SQLite a transaction that will write begins as one; on PostgreSQL the row is locked."""

    def add_one(_turn: int) -> None:
        with db.writing() as session:
            row = session.scalars(select(Workspace).with_for_update()).one()
            row.first_month += 1
        db.session.remove()

    before = workspace.first_month
    db.session.commit()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(40)))
    db.session.expire_all()
    assert workspace.first_month == before + 40


def test_waiting_for_the_network_with_changes_pending_is_a_mistake(
    app: Flask, workspace: Workspace
) -> None:
    workspace.name = "Another"
    for mistake in (db.end_reading, lambda: db.writing().__enter__()):
        with pytest.raises(RuntimeError):
            mistake()
    db.session.rollback()


def test_the_id_of_someone_who_is_gone_is_not_given_again(workspace: Workspace) -> None:
    """The audit log would speak of the newcomer."""
    ghost = make_person("Ghost Gray")
    gone = ghost.id
    db.session.delete(ghost)
    db.session.commit()
    assert make_person("New Nash").id > gone


def test_the_id_of_a_connection_that_is_gone_is_not_given_again(app: Flask, alice: Person) -> None:
    with app.app_context():
        connection = make_connection(alice)
        gone = connection.id
        db.session.delete(connection)
        db.session.commit()
        assert make_connection(alice).id > gone
