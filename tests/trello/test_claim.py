"""Taking a run, beside others who hold its board."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.models import Person
from app.db import db, utcnow
from app.trello import clock, runs
from app.trello.models import HOURLY, REFRESH, Board, SyncRun, TrelloSource


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_run_is_taken_while_its_board_is_held_by_one_who_may_wait_for_the_run(
    app: Flask, source: TrelloSource
) -> None:
    """The clock and a webhook hold the board first, and then ask whether it has a run."""
    with db.writing() as session:
        run_id = runs.ask(session, source.board, HOURLY).id
        session.execute(update(Board).values(changed_at=utcnow()))

    def take() -> bool:
        with app.app_context():
            return runs.claim(run_id) is not None

    with db.engine.connect() as another, ThreadPoolExecutor(1) as pool:
        another.execute(select(Board.id).with_for_update())
        taken = pool.submit(take)
        try:
            assert taken.result(timeout=20)
        finally:
            another.rollback()
    # What it was told of is looked at once more.
    assert db.session.scalar(select(Board.changed_at)) is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_run_is_asked_for_while_the_clock_holds_its_board_and_may_wait_for_it(
    app: Flask, source: TrelloSource, alice: Person
) -> None:
    def ask() -> int:
        with app.app_context(), db.writing() as session:
            return runs.ask(session, session.scalars(select(Board)).one(), REFRESH, alice).id

    with db.writing() as session:
        session.execute(update(Board).values(next_sync_at=utcnow()))
    with db.writing() as session, ThreadPoolExecutor(1) as pool:
        assert clock._due_boards(session)
        asked = pool.submit(ask).result(timeout=20)
        runs.ask_hourly(session, list(session.scalars(select(Board.id))))
    assert db.session.scalars(select(SyncRun.id)).all() == [asked]
