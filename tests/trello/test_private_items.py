"""What hangs on Trello under a private objective: the cards, Refresh, and what needs somebody."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.models import Cycle, Measure, Objective
from app.trello.models import SyncRun, TrelloSource
from app.trello.runs import ask
from tests.okrs.items import count_of, make_cycle
from tests.okrs.private import PART_TITLE, ROLES, SEERS, TITLE, Private, make_private
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.trello.linked import make_connection, make_source

EDITORS = ("part owner", "owner", "admin")


@pytest.fixture
def cycle(alice: Person) -> Cycle:
    today = utcnow().date()
    return make_cycle("Now", today.replace(month=1, day=1), today.replace(month=12, day=31))


@pytest.fixture
def private(alice: Person, bob: Person, carol: Person, cycle: Cycle) -> Private:
    return make_private(alice, bob, carol, cycle)


@pytest.fixture
def source_id(app: Flask, private: Private) -> int:
    """Counts for the private key result, by a connection of the outsider's for everyone's use."""
    with app.app_context():
        owner = db.session.get_one(Person, private.cast["outsider"].id)
        measure = db.session.get_one(Measure, private.key_result.measure_id)
        return make_source(measure, make_connection(owner, sharing="everyone")).id


def change(app: Flask, source_id: int, how: Callable[[TrelloSource], object]) -> None:
    with app.app_context():
        how(db.session.get_one(TrelloSource, source_id))
        db.session.commit()


@pytest.mark.parametrize("role", ROLES)
def test_its_cards_are_there_for_those_who_see_it(
    client: Client, private: Private, source_id: int, role: str
) -> None:
    client.sign_in(private.cast[role])
    for query in ("", "?at=2026-01-01T00:00:00Z", "?all=1"):
        answer = client.get(f"/trello/sources/{source_id}/cards{query}")
        assert answer.status_code == (200 if role in SEERS else 404)
        assert (PART_TITLE in answer.text) == (role in SEERS)


@pytest.mark.parametrize("role", ROLES)
def test_who_may_refresh_it_or_hide_its_cards(
    client: Client, private: Private, source_id: int, role: str
) -> None:
    client.sign_in(private.cast[role])
    refused = {"outsider": 404, "observer": 403}
    answer = client.post(f"/trello/sources/{source_id}/refresh?show=row", htmx=True)
    assert answer.status_code == refused.get(role, 200)
    assert (PART_TITLE in answer.text) == (role not in refused)
    assert count_of(SyncRun) == (role not in refused)
    for change in ("hide-cards", "show-cards"):
        answer = client.post(f"/trello/sources/{source_id}/{change}")
        editors = dict.fromkeys(EDITORS, 303)
        assert answer.status_code == (refused | editors).get(role, 403)
    said = ["evidence.hidden", "evidence.shown"] if role in EDITORS else []
    assert [one.action for one in db.session.query(AuditEntry).all()] == said


def test_a_hidden_source_answers_as_one_that_is_not_there(
    client: Client, private: Private, source_id: int
) -> None:
    client.sign_in(private.cast["outsider"])
    for method, part in (
        ("GET", "cards"),
        ("POST", "refresh"),
        ("POST", "hide-cards"),
        ("POST", "show-cards"),
    ):
        answers = [
            client.send(
                method,
                f"/trello/sources/{number}/{part}",
                htmx=True,
                data={"csrf_token": client.token()},
            )
            for number in (source_id, 4711)
        ]
        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].text == answers[1].text


@pytest.mark.parametrize("role", ["outsider", "viewer"])
def test_who_is_told_that_it_is_being_counted(
    app: Flask, client: Client, private: Private, source_id: int, role: str
) -> None:
    change(app, source_id, lambda source: ask(db.session(), source.board, "hourly"))
    client.sign_in(private.cast[role])
    measure_id = private.key_result.measure_id
    found = client.get(f"/live/counting?measures={measure_id}").json
    assert found == ([measure_id] if role in SEERS else [])


def test_what_needs_somebody_names_nothing_to_those_outside(
    app: Flask, client: Client, private: Private, source_id: int
) -> None:
    """The connection is the outsider's, and has to be reconnected: what hangs on it is not told."""

    def revoke(source: TrelloSource) -> None:
        source.board.connection.reconnect_reason = "The access was revoked."

    change(app, source_id, revoke)
    client.sign_in(private.cast["outsider"])
    page = client.page("/")
    assert page.one(".needs h3").text == "The connection “Marketing” has to be reconnected"
    assert page.one(".needs p").text == "The access was revoked."
    assert TITLE not in page.html and PART_TITLE not in page.html
    client.sign_in(private.cast["part owner"])
    assert PART_TITLE in client.page("/").one(".needs").text


def test_an_item_that_went_out_of_sight_needs_its_owner_no_more(
    app: Flask, client: Client, private: Private, source_id: int
) -> None:

    def freeze(source: TrelloSource) -> None:
        source.frozen_reason = "The list “Done” was deleted."
        db.session.get_one(Objective, private.objective.id).viewers = []

    change(app, source_id, freeze)
    client.sign_in(private.cast["part owner"])
    page = client.page("/")
    assert not page.all(".needs")
    assert PART_TITLE not in page.html


@pytest.mark.both_databases
def test_the_page_of_a_private_item_stays_within_its_statements(
    client: Client, private: Private, source_id: int
) -> None:
    client.sign_in(private.cast["viewer"])
    for path in ("/key-results/{k}", "/objectives/{o}"):
        client.page(private.path(path))
        with count_statements() as statements:
            client.page(private.path(path))
        assert len(statements) <= 15, statements
