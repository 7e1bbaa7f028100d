"""Items linked to boards, made directly, for tests of what comes after linking."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from app.accounts.models import Person
from app.config import Config
from app.db import db
from app.okrs.integrations import switch
from app.okrs.models import KPI, Cycle, KeyResult, Measure, Objective, Reading
from app.okrs.rollup.settling import note_change_of_figure
from app.trello.app_keys import AppKeys, store_app_keys
from app.trello.counting import Criteria
from app.trello.models import Board, Connection, SyncRun, TrelloSource
from app.trello.runs import ask
from app.trello.sources import link
from app.vault import encrypt
from sandbox import RunningSandbox
from sandbox.credentials import AccessToken
from tests.trello.boards import BOARD

KEY, SECRET = "api-key", "api-secret"


def make_connection(owner: Person, **values: Any) -> Connection:
    """A configured connection that may show all boards, with the integration enabled."""
    switch("trello", True, owner)
    keys = store_app_keys(KEY, SECRET, owner)
    connection = Connection(
        **{
            "owner": owner,
            "name": "Marketing",
            "shows_all_boards": True,
            "is_configured": True,
            "member_id": "m1",
            "member_username": "mina",
            "member_name": "Mina Lund",
            "token_encrypted": encrypt("token"),
            "token_secret_encrypted": encrypt("token-secret"),
            "key_fingerprint": keys.fingerprint,
        }
        | values
    )
    db.session.add(connection)
    db.session.commit()
    return connection


def pointed_at(sandbox: RunningSandbox, config: Config) -> Config:
    """The settings with the sandbox in Trello's place."""
    return replace(
        config,
        trello_api_key=sandbox.api_key,
        trello_api_secret=sandbox.api_secret,
        trello_api_url=sandbox.api_url,
        trello_oauth_url=sandbox.api_url,
    )


def connect_account(owner: Person, sandbox: RunningSandbox, token: AccessToken) -> Connection:
    """A connection with a token that the sandbox knows."""
    keys = AppKeys(sandbox.api_key, sandbox.api_secret, from_environment=True)
    return make_connection(
        owner,
        token_encrypted=encrypt(token.token),
        token_secret_encrypted=encrypt(token.secret),
        key_fingerprint=keys.fingerprint,
    )


def make_objective(owner: Person, **values: Any) -> Objective:
    cycle = db.session.scalar(select(Cycle).where(Cycle.name == "2026"))
    if cycle is None:
        cycle = Cycle(name="2026", starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    measure = Measure(kind=values.pop("kind", "roll_up"))
    objective = Objective(
        **{"title": "People find us", "owner": owner, "cycle": cycle, "measure": measure} | values
    )
    db.session.add(objective)
    db.session.flush()
    note_change_of_figure(db.session(), [objective.measure_id])
    db.session.commit()
    return objective


def make_key_result(objective: Objective, kind: str = KPI, target: int = 20) -> KeyResult:
    measure = Measure(kind=kind, target_value=Fraction(target if kind == KPI else 100))
    key_result = KeyResult(
        title="Publish posts", objective=objective, owner=objective.owner, measure=measure
    )
    db.session.add(key_result)
    db.session.flush()
    note_change_of_figure(db.session(), [key_result.measure_id])
    db.session.commit()
    return key_result


def make_source(
    measure: Measure, connection: Connection, criteria: Criteria | None = None, board: str = BOARD
) -> TrelloSource:
    row = db.session.scalar(
        select(Board).where(Board.connection_id == connection.id, Board.trello_id == board)
    )
    row = row or Board(connection=connection, trello_id=board, name="Content calendar")
    db.session.add(row)
    source = link(measure, row, criteria or Criteria(), connection.owner)
    db.session.commit()
    return source


def queued_run(board: Board) -> int:
    with db.writing() as session:
        return ask(session, board, "hourly").id


def run_of(run_id: int) -> SyncRun:
    return db.session.get_one(SyncRun, run_id, populate_existing=True)


def readings_of(measure: Measure) -> list[Reading]:
    return list(
        db.session.scalars(
            select(Reading).where(Reading.measure_id == measure.id).order_by(Reading.id)
        )
    )
