"""Items of a running installation, watched through its pages and its database."""

from collections.abc import Callable
from datetime import timedelta

import requests
from sqlalchemy import and_, or_, select

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import Measure, Reading
from app.trello.app_keys import AppKeys
from app.trello.counting import Criteria
from app.trello.models import Connection, Past, SyncRun, TrelloSource
from app.vault import encrypt
from sandbox import changes
from tests.support.html import Page
from tests.support.installation import ADMIN_EMAIL, ADMIN_PASSWORD, Installation
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source


def connect_mina(installation: Installation) -> int:
    """A connection that shows all of Mina's boards. Its number."""
    db.begin_writing()  # the worker writes at the same time
    sandbox = installation.sandbox
    ada = db.session.scalars(select(Person).where(Person.email == ADMIN_EMAIL)).one()
    token = sandbox.store.add_token(sandbox.store.person("mina")["id"])
    keys = AppKeys(sandbox.api_key, sandbox.api_secret, from_environment=True)
    return make_connection(
        ada,
        token_encrypted=encrypt(token.token),
        token_secret_encrypted=encrypt(token.secret),
        key_fingerprint=keys.fingerprint,
    ).id


def link_item(connection_id: int, installation: Installation, board: str, list_: str) -> int:
    """A key result that counts the cards of a list, not counted yet. The number of its measure."""
    db.begin_writing()
    connection = db.session.get_one(Connection, connection_id)
    counted_on = installation.sandbox.store.board(board)
    criteria = Criteria(list_ids=(counted_on.list_(list_)["id"],))
    measure = make_key_result(make_objective(connection.owner)).measure
    make_source(measure, connection, criteria, counted_on.id)
    db.session.remove()
    return measure.id


class Visitor:
    """Someone signed in, with plain requests over HTTP."""

    def __init__(self, installation: Installation) -> None:
        self.url = installation.url
        self.session = requests.Session()
        page = self.get("/login")
        form = page.form_with("Sign in")
        self.send("/login", form.values() | {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})

    def get(self, path: str) -> Page:
        answer = self.session.get(self.url + path, timeout=10)
        assert answer.status_code == 200
        return Page(answer.text, path)

    def send(self, path: str, values: dict[str, str]) -> Page:
        answer = self.session.post(self.url + path, data=values, timeout=10)
        assert answer.status_code == 200, answer.text
        return Page(answer.text, path)

    def refresh(self, path: str) -> Page:
        form = self.get(path).form_with("Refresh")
        return self.send(form.action, form.values())


def finished_count(installation: Installation) -> int:
    board = installation.sandbox.store.board("Content calendar")
    return sum(
        not card["closed"] and not card.get("isTemplate") and not card.get("cardRole")
        for card in board.cards_in(board.list_("Finished"))
    )


def value_of(measure_id: int) -> int | None:
    db.session.rollback()
    value = db.session.get_one(Measure, measure_id, populate_existing=True).value
    return None if value is None else int(value)


def counted(measure_id: int, value: int) -> Callable[[], bool]:
    return lambda: value_of(measure_id) == value


def finish_one_more(installation: Installation) -> int:
    """A card moves to "Finished" on the board; how many are there now."""
    board = installation.sandbox.store.board("Content calendar")
    mina = installation.sandbox.store.person("mina")
    changes.add_card(board, board.list_("Finished"), "One more", by=mina)
    return finished_count(installation)


def make_due(measure_id: int) -> None:
    with db.writing() as session:
        source = session.scalars(
            select(TrelloSource).where(TrelloSource.measure_id == measure_id)
        ).one()
        source.board.next_sync_at = utcnow() - timedelta(seconds=1)


def readings_of(measure_id: int) -> list[int]:
    db.session.rollback()
    found = db.session.scalars(
        select(Reading).where(Reading.measure_id == measure_id).order_by(Reading.id)
    )
    return [int(reading.value) for reading in found]


def statuses_of(measure_id: int) -> list[str]:
    """Of all runs of the board that is counted on, the oldest first."""
    db.session.rollback()
    board_id = select(TrelloSource.board_id).where(TrelloSource.measure_id == measure_id)
    statuses = select(SyncRun.status).where(SyncRun.board_id == board_id.scalar_subquery())
    return list(db.session.scalars(statuses.order_by(SyncRun.id)))


def is_running(measure_id: int) -> Callable[[], bool]:
    return lambda: statuses_of(measure_id)[-1:] == ["running"]


def are_pasts_done() -> bool:
    """Whether none is under way or yet to be tried; those put off ask Trello nothing now."""
    db.session.rollback()
    is_new = and_(Past.status == "waiting", Past.try_count == 0)
    unfinished = select(Past.source_version_id).where(or_(Past.status == "running", is_new))
    return not db.session.scalars(unfinished).all()


def path_of(measure_id: int) -> str:
    key_result = db.session.get_one(Measure, measure_id).key_result
    assert key_result is not None
    return f"/key-results/{key_result.id}"
