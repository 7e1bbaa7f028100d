"""Items linked to boards of the sandbox through the app's own functions, beside its processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from fractions import Fraction
from random import Random

from flask import Flask
from sqlalchemy import select, update

from app import create_app
from app.accounts.models import Person
from app.config import load_config
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.models import KPI, PERCENT, Cycle, KeyResult, Measure, Objective
from app.okrs.rollup.settling import note_change_of_figure
from app.trello.app_keys import AppKeys
from app.trello.counting import ANY, COMPLETED, NOT_COMPLETED, Criteria
from app.trello.models import Board, Connection, TrelloSource
from app.trello.sources import link, relink
from app.vault import encrypt
from faults.truth import Rule, Truth
from sandbox import RunningSandbox
from sandbox.board import Board as SandboxBoard

_COMPLETION = {"any": ANY, "completed": COMPLETED, "open": NOT_COMPLETED}


class Links:
    """The one connection of an installation, and the items that count through it."""

    def __init__(
        self, environ: dict[str, str], sandbox: RunningSandbox, truth: Truth, chance: Random
    ) -> None:
        self._app: Flask = create_app(load_config(environ))
        self._truth, self._chance = truth, chance
        self._connection_id = self._connect(sandbox)

    def link_new(self, board: SandboxBoard) -> None:
        """A key result with a source on this board, to be counted soon."""
        rule = self._rule(board, self._chance.random() < 0.4)
        with self._writing():
            connection = db.session.get_one(Connection, self._connection_id)
            objective = db.session.scalars(select(Objective)).first()
            assert objective is not None
            measure = Measure(kind=PERCENT if rule.is_percent else KPI, target_value=Fraction(100))
            db.session.add(
                KeyResult(
                    title="Counts", objective=objective, owner=connection.owner, measure=measure
                )
            )
            row = self._row(connection, board)
            source = link(measure, row, _criteria(rule), connection.owner)
            row.next_sync_at = utcnow()
            db.session.flush()
            note_change_of_figure(db.session(), [measure.id])
            self._note(source, rule, board)

    def choose_anew(self, boards: list[SandboxBoard]) -> None:
        """Another board or other criteria for one of the items."""
        with self._writing():
            connection = db.session.get_one(Connection, self._connection_id)
            sources = db.session.scalars(select(TrelloSource).order_by(TrelloSource.id)).all()
            source = self._chance.choice(sources)
            board = self._chance.choice(boards)
            rule = self._rule(board, source.measure.kind == PERCENT)
            row = self._row(connection, board)
            if relink(source, row, _criteria(rule), connection.owner):
                row.next_sync_at = utcnow()
                db.session.flush()
                self._note(source, rule, board)

    def let_an_hour_pass(self) -> None:
        with self._writing():
            db.session.execute(update(Board).values(next_sync_at=utcnow()))

    def source_ids(self) -> list[int]:
        with self._app.app_context():
            return list(db.session.scalars(select(TrelloSource.id).order_by(TrelloSource.id)))

    def let_go(self) -> None:
        """Close the database, until it is used again."""
        with self._app.app_context():
            db.engine.dispose()

    def _connect(self, sandbox: RunningSandbox) -> int:
        with self._writing():
            owner = db.session.scalars(select(Person)).one()
            switch("trello", True, owner)
            mina = sandbox.store.person("mina")
            token = sandbox.store.add_token(mina["id"])
            keys = AppKeys(sandbox.api_key, sandbox.api_secret, from_environment=True)
            connection = Connection(
                owner=owner,
                name="Marketing",
                shows_all_boards=True,
                is_configured=True,
                member_id=mina["id"],
                member_username="mina",
                member_name="Mina Lund",
                token_encrypted=encrypt(token.token),
                token_secret_encrypted=encrypt(token.secret),
                key_fingerprint=keys.fingerprint,
            )
            today = utcnow().date()
            cycle = Cycle(
                name="Faults", starts_on=date(today.year, 1, 1), ends_on=date(today.year, 12, 31)
            )
            measure = Measure(kind="roll_up")
            db.session.add_all(
                [connection, Objective(title="Goal", owner=owner, cycle=cycle, measure=measure)]
            )
            db.session.flush()
            return connection.id

    def _row(self, connection: Connection, board: SandboxBoard) -> Board:
        row = db.session.scalar(select(Board).where(Board.trello_id == board.id))
        return row or Board(connection=connection, trello_id=board.id, name=board.name)

    def _rule(self, board: SandboxBoard, is_percent: bool) -> Rule:
        lists = [one["id"] for one in board.ordered_lists() if not one["closed"]]
        labels = list(board.labels)
        chance = self._chance
        return Rule(
            is_percent,
            tuple(chance.sample(lists, chance.randint(0, min(2, len(lists))))),
            tuple(chance.sample(labels, 1)) if labels and chance.random() < 0.3 else (),
            "any" if is_percent else chance.choice(list(_COMPLETION)),
        )

    def _note(self, source: TrelloSource, rule: Rule, board: SandboxBoard) -> None:
        self._truth.add(source.measure_id, source.versions[-1].id, rule, board.id)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._app.app_context():
            db.begin_writing()
            yield
            db.session.commit()


def _criteria(rule: Rule) -> Criteria:
    return Criteria(
        list_ids=rule.list_ids, label_ids=rule.label_ids, completion=_COMPLETION[rule.completion]
    )
